import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../../plugin/errors.ts";
import { compiled, dscpsFor, egressQos, networkQos } from "../../support/manifests.ts";
import { asyncRefusal } from "../../support/refusal.ts";

const title = "a.json: NetworkQoS default/video: ";
const egressTitle = "a.json: EgressQoS default/default: ";
const nadSelector = "networkAttachmentDefinitionSelector";
const nads = { networkSelectionType: "NetworkAttachmentDefinitions" };
const some = { matchLabels: { a: "b" } };
const network = (selector: unknown) => networkQos({ networkSelectors: [selector] });

const yamlOf = (dscp: string, namespace: string, annotations: string) =>
  `kind: EgressQoS\napiVersion: k8s.ovn.org/v1\nmetadata: {name: default, namespace: ${namespace}, annotations: ${annotations}}\nspec: {egress: [{dscp: ${dscp}}]}\n`;

/** Wrong as the API would say: the pods of the namespace hear of it, those of others do not. */
describe("001-4 001-6 what the CRD refuses fails the pods of its namespace:", () => {
  it.each([
    [
      networkQos({ priority: undefined }),
      `${title}spec.priority: null is not valid: a whole number from 0 to 100`,
    ],
    [networkQos({ priority: -1 }), `${title}spec.priority: -1`],
    [networkQos({ priority: 101 }), `${title}spec.priority: 101`],
    [networkQos({ priority: "10" }), `${title}spec.priority: "10"`],
    [networkQos({ egress: undefined }), `${title}spec.egress: null is not valid: a list`],
    [
      networkQos({ egress: Array.from({ length: 21 }, () => ({ dscp: 1 })) }),
      `${title}spec.egress: 21 rules are not valid: at most 20`,
    ],
    [networkQos({ egress: [{ dscp: 64 }] }), `${title}spec.egress[0].dscp: 64 is not valid`],
    [networkQos({ egress: [{ dscp: "EF" }] }), `${title}spec.egress[0].dscp: "EF" is not valid`],
    [networkQos({ egress: [{ bandwidth: { rate: 1 } }] }), `${title}spec.egress[0].dscp: null is not valid`],
    [
      networkQos({ egress: [{ dscp: 1, bandwidth: { burst: 5 } }] }),
      `${title}spec.egress[0].bandwidth: {"burst":5}`,
    ],
    [
      networkQos({ egress: [{ dscp: 1, classifier: { ports: [{ protocol: "TCPfoo" }] } }] }),
      `${title}spec.egress[0].classifier.ports[0].protocol: "TCPfoo"`,
    ],
    [
      networkQos({ egress: [{ dscp: 1, classifier: { to: [{ podSelector: { app: "x" } }] } }] }),
      `${title}unknown key "spec.egress[0].classifier.to[0].podSelector.app"`,
    ],
    [networkQos({ podselector: {} }), `${title}unknown key "spec.podselector": known are podSelector`],
    [networkQos({ podSelector: { app: "x" } }), `${title}unknown key "spec.podSelector.app"`],
    [
      networkQos({ podSelector: { matchLabels: { a: 5 } } }),
      `spec.podSelector.matchLabels["a"]: 5 is not valid: a string`,
    ],
    [
      networkQos({ podSelector: { matchLabels: { a: "b c" } } }),
      `["a"]: "b c" is not valid: a label's value`,
    ],
    [
      networkQos({ podSelector: { matchLabels: { "-a": "b" } } }),
      `spec.podSelector.matchLabels: "-a" is not valid`,
    ],
    [networkQos({ podSelector: { matchLabels: { "a/b/c": "d" } } }), `"a/b/c" is not valid: a label's key`],
    [networkQos({ podSelector: { matchLabels: { ["x".repeat(64)]: "d" } } }), "is not valid: a label's key"],
    [
      networkQos({ podSelector: { matchExpressions: [{ key: "a", operator: "in", values: ["b"] }] } }),
      `matchExpressions[0].operator: "in" is not valid: one of In, NotIn`,
    ],
    [
      networkQos({ podSelector: { matchExpressions: [{ key: "a", operator: "In" }] } }),
      "matchExpressions[0].values: [] is not valid: In takes one value or more",
    ],
    [
      networkQos({ podSelector: { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] } }),
      `values: ["b"] is not valid: Exists takes no values`,
    ],
    [
      networkQos({ podSelector: { matchExpressions: [{ operator: "Exists" }] } }),
      "matchExpressions[0].key: null is not valid",
    ],
    [networkQos({ networkSelectors: [] }), `${title}spec.networkSelectors: 0 entries are not valid: 1 to 5`],
    [network({}), "spec.networkSelectors[0].networkSelectionType: null is not valid: one of DefaultNetwork"],
    [network({ networkSelectionType: "AllNetworks" }), `networkSelectionType: "AllNetworks" is not valid`],
    [network(nads), `${nadSelector}: null is not valid: an object`],
    [network({ ...nads, [nadSelector]: {} }), `${nadSelector}.namespaceSelector: null is not valid`],
    [
      network({ ...nads, [nadSelector]: { namespaceSelector: {} } }),
      `${nadSelector}.networkSelector: null is not valid`,
    ],
    [
      network({ ...nads, [nadSelector]: { namespaceSelector: {}, networkSelector: {} } }),
      `${nadSelector}.networkSelector: {} is not valid: a label selector that is not empty`,
    ],
    [
      network({ networkSelectionType: "DefaultNetwork", [nadSelector]: {} }),
      `${nadSelector}: does not go with networkSelectionType DefaultNetwork, which takes no selector`,
    ],
    [
      network({ ...nads, primaryUserDefinedNetworkSelector: { namespaceSelector: some } }),
      `does not go with networkSelectionType NetworkAttachmentDefinitions, which takes ${nadSelector}`,
    ],
    [
      networkQos({ networkSelectors: [1, 2].map(() => ({ networkSelectionType: "DefaultNetwork" })) }),
      `"DefaultNetwork" is not valid: each networkSelectionType once`,
    ],
    [egressQos([{ dscp: 64 }]), `${egressTitle}spec.egress[0].dscp: 64`],
    [egressQos([{}]), `${egressTitle}spec.egress[0].dscp: null`],
    [egressQos([{ dscp: -1 }]), `${egressTitle}spec.egress[0].dscp: -1`],
    [egressQos(undefined), `${egressTitle}spec.egress: null is not valid: a list of rules`],
    [
      egressQos([{ dscp: 1, dstCIDR: "1.2.3.256/32" }]),
      `${egressTitle}spec.egress[0].dstCIDR: "1.2.3.256/32"`,
    ],
    [egressQos([{ dscp: 1, dstCIDR: "1.2.3.4/42" }]), `${egressTitle}spec.egress[0].dstCIDR: "1.2.3.4/42"`],
    [egressQos([{ dscp: 1, dstCIDR: "abc&!ABC/24" }]), `${egressTitle}spec.egress[0].dstCIDR: "abc&!ABC/24"`],
    [egressQos([{ dscp: 1, dstCIDR: "2001:::::::7334/158" }]), 'dstCIDR: "2001:::::::7334/158"'],
    [egressQos([{ dscp: 1, dstCidr: "0.0.0.0/0" }]), `${egressTitle}unknown key "spec.egress[0].dstCidr"`],
    [
      egressQos(Array.from({ length: 1001 }, () => ({ dscp: 1 }))),
      `${egressTitle}spec.egress: 1001 rules are not valid: at most 1000`,
    ],
  ])("001-5 002-6 002-13 %s", async (manifest, text) => {
    const other = networkQos({ namespace: "other" });
    const { namespaces } = await compiled({ "a.json": manifest, "b.json": other });
    expect(namespaces.get("default")?.faults).toEqual([expect.stringContaining(text)]);
    expect(namespaces.get("other")?.faults).toEqual([]);
  });

  it.each([
    [
      networkQos({}).replace("v1alpha1", "v1"),
      'a.json: NetworkQoS video: apiVersion of NetworkQoS: "k8s.ovn.org/v1" is not valid: k8s.ovn.org/v1alpha1',
    ],
    [networkQos({}).replace('"name":"video",', ""), "a.json: NetworkQoS: metadata.name: null"],
    [networkQos({ name: "Video" }), 'metadata.name: "Video" is not valid'],
    [networkQos({}).replace("{", '{"specs":{},'), 'a.json: NetworkQoS video: unknown key "specs"'],
    [
      egressQos([{ dscp: 1 }]).replace('"name":', '"labels":{"a":5},"name":'),
      'a.json: EgressQoS default: metadata.labels["a"]: 5 is not valid',
    ],
    [
      networkQos({ name: "Video" }).replace('"namespace":"default",', ""),
      'metadata.name: "Video" is not valid',
    ],
  ])(
    "and so does an object of a kind and namespace that are known, whatever else it lacks: %s",
    async (manifest, text) => {
      const other = networkQos({ namespace: "other" });
      const { namespaces } = await compiled({ "a.json": manifest, "b.json": other });
      expect(namespaces.get("default")?.faults).toEqual([expect.stringContaining(text)]);
      expect(namespaces.get("other")?.faults).toEqual([]);
    },
  );

  it("a word that kubectl reads otherwise does so too, with its line; in what is other people's it is nothing to us", async () => {
    const files = {
      "a.yaml": [yamlOf("046", "other", "{}"), yamlOf("46", "default", "{on: yes, build: 0123}")].join(
        "---\n",
      ),
    };
    const { namespaces } = await compiled(files);
    expect(namespaces.get("other")?.faults).toEqual([
      "a.yaml: EgressQoS default: 046 in line 4 is octal to some and decimal to others: " +
        "write the number without the zero, or the text in quotes",
    ]);
    expect(namespaces.get("default")?.faults).toEqual([]);
    expect(await dscpsFor(files)).toEqual([46]);
  });

  it("every wrong object is told, and one that is there twice", async () => {
    const files = {
      "a.json": networkQos({ priority: 101 }),
      "b.json": egressQos([{ dscp: 99 }]),
      "c.json": networkQos({}),
    };
    expect((await compiled(files)).namespaces.get("default")?.faults).toEqual([
      "c.json: NetworkQoS default/video is in a.json as well: delete one of the two",
      expect.stringMatching(/^a\.json: .*spec\.priority/),
      expect.stringMatching(/^b\.json: .*dscp: 99/),
    ]);
  });
});

describe("what the CRD takes:", () => {
  it.each([
    ["priority 0", networkQos({ priority: 0 })],
    ["priority 100", networkQos({ priority: 100 })],
    ["20 rules", networkQos({ egress: Array.from({ length: 20 }, () => ({ dscp: 20 })) })],
    [
      "002-18 the guide's from",
      networkQos({ egress: [{ dscp: 20, classifier: { from: [{ ipBlock: { cidr: "10.0.0.0/8" } }] } }] }),
    ],
    ["a status", networkQos({}).replace("{", '{"status":{"status":"NetworkQoS Destinations applied"},')],
    ["1000 rules", egressQos(Array.from({ length: 1000 }, () => ({ dscp: 20 })))],
    ["001-13 an unusual spelling", egressQos([{ dscp: 20, dstCIDR: "2001:0DB8::0001/64" }])],
  ])("%s", async (_, manifest) => {
    expect(new Set(await dscpsFor({ "a.json": manifest }))).toEqual(new Set([20]));
  });

  it("002-7 every type of network", async () => {
    const both = { namespaceSelector: some, networkSelector: some };
    const networkSelectors = [
      { networkSelectionType: "DefaultNetwork" },
      {
        networkSelectionType: "ClusterUserDefinedNetworks",
        clusterUserDefinedNetworkSelector: { networkSelector: some },
      },
      {
        networkSelectionType: "PrimaryUserDefinedNetworks",
        primaryUserDefinedNetworkSelector: { namespaceSelector: some },
      },
      { networkSelectionType: "SecondaryUserDefinedNetworks", secondaryUserDefinedNetworkSelector: both },
      { ...nads, [nadSelector]: both },
    ];
    expect(await dscpsFor({ "a.json": networkQos({ networkSelectors }) })).toEqual([20]);
  });
});

const aliases = [
  "a: &a [x,x,x,x,x,x,x,x,x]",
  "b: &b [*a,*a,*a,*a,*a,*a]",
  "c: &c [*b,*b,*b,*b,*b,*b]",
  "d: [*c,*c,*c]",
].join("\n");

describe("a file that may be about any pod fails all, with file and place:", () => {
  it.each([
    ["torn YAML", "a.yaml", "kind: EgressQoS\nspec: {egress: [", "a.yaml is not YAML: ", "line 2"],
    [
      "a number that is octal to kubectl",
      "a.yaml",
      "kind: EgressQoS\nspec: {egress: [{dscp: 010}]}",
      "a.yaml: EgressQoS: 010 in line 2 is octal to some",
      "",
    ],
    [
      "a word that is a boolean to kubectl",
      "a.yaml",
      "kind: EgressQoS\nspec: {egress: [{dscp: 1, podSelector: {matchLabels: {crit: yes}}}]}",
      "a.yaml: EgressQoS: yes in line 2 is a boolean to some",
      "",
    ],
    ["YAML with tabs", "a.yaml", "kind: EgressQoS\nspec:\n\tegress: []", "a.yaml is not YAML: ", "line 3"],
    ["a key said twice", "a.yaml", "kind: A\nkind: B", "Map keys must be unique", "line 2"],
    ["torn JSON", "a.json", '{"kind": "EgressQoS",\n', "a.json is not JSON: ", "line 2"],
    [
      "a key said twice in JSON",
      "a.json",
      '{"kind": "A", "spec": {"egress": [1], "egress": []}}',
      '"egress" is twice',
      "",
    ],
    ["nested without end", "a.yaml", `a: ${"[".repeat(1e5)}`, "a.yaml is not YAML: ", ""],
    ["aliases that multiply", "a.yaml", aliases, "a.yaml is not YAML: Excessive alias count", ""],
    ["no object", "a.yaml", "- dscp: 1", 'a.yaml: a document: [{"dscp":1}] is not valid: an object', ""],
    [
      "no kind",
      "a.json",
      '{"apiVersion": "v1"}',
      "a.json: an object: kind: null is not valid",
      "one of EgressQoS",
    ],
    [
      "another kind",
      "a.json",
      '{"kind": "EgresQoS", "metadata": {"name": "x"}}',
      'EgresQoS x: kind: "EgresQoS"',
      "",
    ],
    [
      "a namespace that cannot be",
      "a.json",
      networkQos({ namespace: "a.b" }),
      'metadata.namespace: "a.b"',
      "",
    ],
    [
      "a Namespace without a name",
      "a.json",
      '{"kind": "Namespace", "metadata": {}}',
      "a.json: Namespace: ",
      "",
    ],
  ])("%s", async (_, file, text, said, also) => {
    const { code, message } = await asyncRefusal(() => compiled({ [file]: text }));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(said);
    expect(message).toContain(also);
    expect(message.startsWith(file)).toBe(true);
  });
});

describe("001-2 002-4 as kubectl takes them:", () => {
  const object = networkQos({});

  it.each([
    [
      "several documents, some empty",
      "a.yaml",
      `---\n${object}\n---\n---\n# nothing\n---\n${networkQos({ name: "b" })}\n`,
      2,
    ],
    ["a List", "a.json", `{"apiVersion":"v1","kind":"List","items":[${object}]}`, 1],
    [
      "a typed list, whose items need not say their kind",
      "a.json",
      `{"apiVersion":"k8s.ovn.org/v1alpha1","kind":"NetworkQoSList","metadata":{},"items":[${object.replace(
        '"apiVersion":"k8s.ovn.org/v1alpha1","kind":"NetworkQoS",',
        "",
      )}]}`,
      1,
    ],
    ["an empty list", "a.json", '{"apiVersion":"v1","kind":"List","items":[]}', 0],
    ["an empty YAML file", "a.yaml", "", 0],
    ["an empty JSON file", "a.json", "\n", 0],
    ["comments alone", "a.yml", "# later\n", 0],
    ["JSON in a YAML file", "a.yml", object, 1],
    ["anchors", "a.yaml", `kind: List\nitems:\n- &a ${object}\n`, 1],
    ["merge keys", "a.yaml", `kind: List\nitems:\n- &a ${object}\n- <<: *a\n  metadata: {name: other}\n`, 2],
    ["a byte order mark before JSON", "a.json", `\uFEFF${object}`, 1],
    ["a byte order mark before YAML", "a.yaml", `\uFEFF${object}`, 1],
    ["a byte order mark and nothing else", "a.json", "\uFEFF\n", 0],
    [
      "what kubectl get adds",
      "a.json",
      object.replace('"name":', '"uid":"x","resourceVersion":"5","name":'),
      1,
    ],
  ])("%s", async (_, file, text, count) => {
    expect((await dscpsFor({ [file]: text })).length).toBe(count);
  });
});

const brokenNad = (config: string, name = "x"): string =>
  JSON.stringify({
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: { name, namespace: "nets" },
    spec: { config },
  });
const namespaceWith = (name: string, labels: object): string =>
  JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });

describe("a broken Namespace or NetworkAttachmentDefinition", () => {
  const selector = {
    ...nads,
    [nadSelector]: { namespaceSelector: {}, networkSelector: { matchLabels: { a: "b" } } },
  };
  const policies = {
    "asking.json": networkQos({ namespace: "asking", networkSelectors: [selector] }),
    "first.json": networkQos({
      namespace: "first",
      networkSelectors: [{ networkSelectionType: "DefaultNetwork" }],
    }),
    "egress.json": egressQos([{ dscp: 1 }], { namespace: "egress" }),
    "plain.json": networkQos({ namespace: "plain" }),
  };

  it.each([
    [
      "a NAD whose config is no JSON",
      { "x.json": brokenNad("{") },
      "spec.config is not JSON",
      ["asking", "first", "egress"],
    ],
    [
      "a NAD that is there twice",
      { "x.json": brokenNad(""), "y.json": brokenNad("") },
      "delete one",
      ["asking", "first", "egress"],
    ],
    [
      "a Namespace with a label that cannot be",
      { "x.json": namespaceWith("prod", { a: 5 }) },
      "numbers need quotes",
      ["asking", "prod"],
    ],
    [
      "a Namespace that is there twice",
      { "x.json": namespaceWith("plain", {}), "y.json": namespaceWith("plain", {}) },
      "delete one",
      ["asking", "plain"],
    ],
  ])("%s fails the pods that it could be about, and no others", async (_, broken, said, concerned) => {
    const { namespaces } = await compiled({ ...policies, ...broken });
    const failing = [...namespaces].filter(([, { faults }]) => faults.length > 0);
    expect(failing.map(([name]) => name).toSorted()).toEqual(concerned.toSorted());
    for (const [, { faults }] of failing) expect(faults[0]).toContain(said);
  });
});
