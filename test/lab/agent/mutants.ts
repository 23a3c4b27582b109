/** The plugin with one thing wrong: each a text of the sources and what stands there instead. */

export type Mutant = {
  readonly title: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
};

/** Wrong in the order in which a pod is decided: by what comes before what, or by what came when. */
export const mutantsOfOrder: readonly Mutant[] = [
  {
    title: "the lowest priority of two NetworkQoS comes first",
    file: "policy/manifests/rank.ts",
    from: "b.priority - a.priority",
    to: "a.priority - b.priority",
  },
  {
    title: "of one priority the order of the files counts, not that of the names",
    file: "policy/manifests/rank.ts",
    from: "(a.name < b.name ? -1 : 1)",
    to: "0",
  },
  {
    title: "EgressQoS comes before NetworkQoS",
    file: "policy/policy.ts",
    from: "...sources.annotation,\n      ...sources.networkQos,",
    to: "...sources.annotation,\n      ...sources.egressQos,\n      ...sources.networkQos,",
  },
  {
    title: "of two classes that select a pod the last counts",
    file: "policy/uplink/choose.ts",
    from: "selectors.find(({ answer })",
    to: "selectors.findLast(({ answer })",
  },
  {
    title: "the class of the defaults comes before a selector",
    file: "policy/uplink/choose.ts",
    from: "if (selecting !== undefined) return",
    to: "if (selecting !== undefined && byDefault === undefined) return",
  },
  {
    title: "the conf's cap comes before the annotation's",
    file: "policy/cap/caps.ts",
    from: "const [first] = capRequests(direction, sources);",
    to: "const first = capRequests(direction, sources).at(-1);",
  },
  {
    title: "the conf of the last ADD counts, not the directory's",
    file: "agent/world.ts",
    from: "return confs.entries.get(record.identity.network) ?? (view && definedConfOf(view, record));",
    to: "return record.asked?.conf ?? confs.entries.get(record.identity.network) ?? (view && definedConfOf(view, record));",
  },
];
