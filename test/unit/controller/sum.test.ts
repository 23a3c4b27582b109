/** 002-24: the sum of all nodes' reports, as the object's status says it. */
import { describe, expect, it } from "vitest";
import { isRenewalAlone, type Report } from "../../../plugin/controller/reports.ts";
import { verdictsOf } from "../../../plugin/controller/sum.ts";
import type { QosObject } from "../../../plugin/controller/view.ts";
import { wantedOf } from "../../../plugin/controller/wording.ts";
import type { QosNodeStatus } from "../../../plugin/report/qos-node.ts";
import { entry, object, report } from "./support.ts";

const silent = { liveness: "silent" } as const;
const unsure = { liveness: "unsure", seenMs: Number.NEGATIVE_INFINITY } as const;
const behind = { observed: { networkqoses: "499" } };

const wanted = (
  about: QosObject,
  reports: readonly Report[],
  nodes: readonly string[] = reports.map(({ node }) => node),
  hasZones = false,
) => {
  const verdicts = verdictsOf({ objects: [about], reports, nodes: new Set(nodes) }, hasZones);
  const verdict = verdicts.get(about);
  if (verdict === undefined) throw new Error("no verdict");
  return wantedOf(about, verdict);
};

const APPLIED = "NetworkQoS Destinations applied";
const NOT = "NetworkQoS Destinations not correctly applied";

type Row = readonly [
  behaviour: string,
  object: QosObject,
  reports: readonly Report[],
  nodes: readonly string[] | undefined,
  text: string,
  ready: string,
];

/** First seen in a list, after its status was written. */
const listed = (appliedMs?: number): QosObject =>
  object({ version: "700", since: { version: "700", isExact: false }, appliedMs });

const rows: readonly Row[] = [
  [
    "applied where each live node has observed the version of the generation",
    object(),
    [report("a", { objects: [entry()] }), report("b", { objects: [entry({ pods: 3 })] }), report("c")],
    undefined,
    APPLIED,
    "True Applied: applied on 3 nodes, 5 pods",
  ],
  [
    "selects no pod: applied, 0 pods",
    object(),
    [report("a")],
    undefined,
    APPLIED,
    "True Applied: applied on 1 node, 0 pods",
  ],
  [
    "a node that observed a later version has observed this one too",
    object(),
    [report("a", { observed: { networkqoses: "1500" }, version: "2000" })],
    undefined,
    APPLIED,
    "True Applied: applied on 1 node, 0 pods",
  ],
  [
    "not before the last live node has it",
    object(),
    [report("a"), report("b"), report("c", behind)],
    undefined,
    "",
    "Unknown Pending: not yet applied on 1 of 3 nodes: c",
  ],
  [
    "versions are numbers: 99 is older than 500",
    object(),
    [report("a", { observed: { networkqoses: "99" } })],
    undefined,
    "",
    "Unknown Pending: not yet applied on 1 of 1 node: a",
  ],
  [
    "observed versions of the other kind say nothing",
    object(),
    [report("a", { observed: { egressqoses: "800" } })],
    undefined,
    "",
    "Unknown Pending: not yet applied on 1 of 1 node: a",
  ],
  [
    "what was observed after it was reported comes from a store that was put back",
    object(),
    [report("a", { observed: { networkqoses: "5000" }, version: "900" })],
    undefined,
    "",
    "Unknown Pending: not yet applied on 1 of 1 node: a",
  ],
  [
    "a node that lists it as pending waits, whatever it observed",
    object(),
    [report("a"), report("b", { objects: [entry({ state: "pending", message: "busy" })] })],
    undefined,
    "",
    "Unknown Pending: not yet applied on 1 of 2 nodes: b",
  ],
  [
    "a node that lists an older generation waits",
    object(),
    [report("a", { objects: [entry({ state: "failed", generation: 2 })] })],
    undefined,
    "",
    "Unknown Pending: not yet applied on 1 of 1 node: a",
  ],
  [
    "an entry of the name with another UID is of another object",
    object(),
    [report("a", { objects: [entry({ state: "failed", uid: "u0" })] })],
    undefined,
    APPLIED,
    "True Applied: applied on 1 node, 0 pods",
  ],
  [
    "of a node that could not list all that failed nobody knows",
    object(),
    [report("a", { unlisted: { applied: 7, pending: 0, failed: 1 } }), report("b")],
    undefined,
    "",
    "Unknown Pending: not yet applied on 1 of 2 nodes: a",
  ],
  [
    "of one that had no room for what is applied all the same",
    object(),
    [report("a", { unlisted: { applied: 7, pending: 0, failed: 0 } })],
    undefined,
    APPLIED,
    "True Applied: applied on 1 node, 0 pods",
  ],
  [
    "a failure is said with the node's name and why, also while others wait",
    object(),
    [
      report("a"),
      report("b", { objects: [entry({ state: "failed", message: "no ipset" })] }),
      report("c", behind),
    ],
    undefined,
    NOT,
    "False Failed: not applied on 1 of 3 nodes: b: no ipset",
  ],
  [
    "five failing nodes are named",
    object(),
    ["g", "f", "e", "d", "c", "b", "a"].map((node) =>
      report(node, { objects: [entry({ state: "failed", message: "no" })] }),
    ),
    undefined,
    NOT,
    "False Failed: not applied on 7 of 7 nodes: a: no; b: no; c: no; d: no; e: no and 2 more",
  ],
  [
    "a silent node that listed it",
    object(),
    [report("a", { objects: [entry()] }), report("b", { ...silent, objects: [entry()] })],
    undefined,
    "",
    "Unknown NodeSilent: 1 node with pods of it is silent: b; applied on 1 node, 2 pods",
  ],
  [
    "made anew under its name: a silent node that lists the former one has pods of it too",
    object({ uid: "u2" }),
    [report("a"), report("b", { ...silent, objects: [entry(), entry({ uid: "u0" })] })],
    undefined,
    "",
    "Unknown NodeSilent: 1 node with pods of it is silent: b; applied on 1 node, 0 pods",
  ],
  [
    "a silent node that lists another kind, namespace or name is only counted",
    object(),
    [
      report("a"),
      report("b", {
        ...silent,
        objects: [
          entry({ uid: "u2", kind: "EgressQoS" }),
          entry({ uid: "u3", namespace: "test" }),
          entry({ uid: "u4", name: "voice" }),
        ],
      }),
    ],
    undefined,
    APPLIED,
    "True Applied: applied on 1 node, 0 pods; 1 node is silent: b",
  ],
  [
    "a silent node that did not list it is only counted",
    object(),
    [report("a"), report("b", { ...silent, ...behind })],
    undefined,
    APPLIED,
    "True Applied: applied on 1 node, 0 pods; 1 node is silent: b",
  ],
  [
    "all agents silent",
    object(),
    [report("a", { ...silent })],
    undefined,
    "",
    "Unknown NodeSilent: no agent has reported lately; applied on 0 nodes, 0 pods",
  ],
  [
    "nodes without an agent are counted",
    object(),
    [report("a")],
    ["a", "b", "c"],
    APPLIED,
    "True Applied: applied on 1 node, 0 pods; 2 nodes have no agent",
  ],
  [
    "a report of a node that is gone counts for nothing",
    object(),
    [report("a"), report("b", { objects: [entry({ state: "failed" })] })],
    ["a"],
    APPLIED,
    "True Applied: applied on 1 node, 0 pods",
  ],
  ["no agent at all", object(), [], ["a", "b"], "", "Unknown NoAgent: no node has an agent that reports"],
  [
    "an object that is invalid in itself is said to be so, by whomever it is reported",
    object({ fault: "spec: bad" }),
    [report("a")],
    undefined,
    NOT,
    "False Invalid: spec: bad",
  ],
  [
    "also where there is no agent",
    object({ fault: "spec: bad" }),
    [],
    ["a"],
    NOT,
    "False Invalid: spec: bad",
  ],
  [
    "EgressQoS has texts of its own",
    object({ kind: "EgressQoS" }),
    [report("a")],
    undefined,
    "EgressQoS Rules applied",
    "True Applied: applied on 1 node, 0 pods",
  ],
  [
    "EgressQoS that failed",
    object({ kind: "EgressQoS" }),
    [report("a", { objects: [entry({ state: "failed", message: "no" })] })],
    undefined,
    "EgressQoS Rules not correctly applied",
    "False Failed: not applied on 1 of 1 node: a: no",
  ],
  [
    "first seen in a list: what was applied stays so, though nobody need have observed the present version",
    listed(0),
    [report("a"), report("b")],
    undefined,
    APPLIED,
    "True Applied: applied on 2 nodes, 0 pods",
  ],
  [
    "but not for a node that has observed nothing",
    listed(0),
    [report("a"), report("b", { observed: {} })],
    undefined,
    "",
    "Unknown Pending: not yet applied on 1 of 2 nodes: b",
  ],
  [
    "nor for a node that has written since: it was silent, and may have missed the edit",
    listed(0),
    [report("a"), report("b", { seenMs: 1 })],
    undefined,
    "",
    "Unknown Pending: not yet applied on 1 of 2 nodes: b",
  ],
  [
    "unless it has observed the present version",
    listed(0),
    [report("a"), report("b", { seenMs: 1, observed: { networkqoses: "700" } })],
    undefined,
    APPLIED,
    "True Applied: applied on 2 nodes, 0 pods",
  ],
  [
    "nor where nobody said that it was",
    listed(),
    [report("a"), report("b")],
    undefined,
    "",
    "Unknown Pending: not yet applied on 2 of 2 nodes: a, b",
  ],
  [
    "a node that lists this generation has observed it",
    listed(),
    [report("a", { objects: [entry()] })],
    undefined,
    APPLIED,
    "True Applied: applied on 1 node, 2 pods",
  ],
  [
    "seen to appear: a status that somebody else wrote proves nothing",
    object({ appliedMs: 0 }),
    [report("a", behind)],
    undefined,
    "",
    "Unknown Pending: not yet applied on 1 of 1 node: a",
  ],
  [
    "a node that may be silent or live counts as live",
    object(),
    [report("a"), report("b", { ...unsure, objects: [entry()] })],
    undefined,
    APPLIED,
    "True Applied: applied on 2 nodes, 2 pods",
  ],
];

describe("an object's status", () => {
  it.each(rows)("%s", (_, about, reports, nodes, text, condition) => {
    const { ready: said, ...rest } = wanted(about, reports, nodes);
    expect([rest.text, `${said.status} ${said.reason}: ${said.message}`]).toEqual([text, condition]);
    expect([said.type, said.observedGeneration, rest.zones]).toEqual(["Ready", 3, []]);
  });
});

const failed = { objects: [entry({ state: "failed" as const })] };
const late = { ...behind };
const lists = { objects: [entry()] };

describe("while it is not known which nodes are live, what could be true as well is kept where it is written:", () => {
  it.each<readonly [string, readonly Report[], readonly string[]]>([
    ["nothing, where each is known", [report("a"), report("b", silent)], []],
    ["applied, where the node has nothing of it", [report("a"), report("b", unsure)], ["Applied"]],
    [
      "silent, where it lists the object",
      [report("a"), report("b", { ...unsure, ...lists })],
      ["NodeSilent", "Applied"],
    ],
    ["silent, where none is live for certain", [report("a", unsure)], ["NodeSilent", "Applied"]],
    ["pending, where it is late", [report("a"), report("b", { ...unsure, ...late })], ["Pending", "Applied"]],
    [
      "pending alone, where another is late for certain",
      [report("a", late), report("b", { ...unsure, ...lists })],
      ["Pending"],
    ],
    [
      "failed, where it has failed",
      [report("a"), report("b", { ...unsure, ...failed })],
      ["Failed", "NodeSilent", "Applied"],
    ],
    [
      "failed alone, where another has failed for certain",
      [report("a", failed), report("b", { ...unsure, ...lists })],
      ["Failed"],
    ],
    [
      "not applied, where a node that lists it is silent",
      [report("a"), report("b", unsure), report("c", { ...silent, ...lists })],
      ["NodeSilent"],
    ],
  ])("%s", (_, reports, reasons) => {
    expect(wanted(object(), reports).alsoTrue.map(({ reason }) => reason)).toEqual(reasons);
  });
});

describe("conditions per node", () => {
  const reports = [
    report("c", behind),
    report("b", { objects: [entry({ state: "failed", message: "no ipset" })] }),
    report("a", { objects: [entry()] }),
    report("d", { ...silent }),
  ];
  const zones = (about: QosObject): readonly string[] =>
    wanted(about, reports, undefined, true).zones.map(
      ({ type, status, reason, message, observedGeneration }) =>
        `${type} ${status} ${reason} ${observedGeneration}: ${message}`,
    );

  it("of a NetworkQoS are OVN-Kubernetes'", () => {
    expect(zones(object())).toEqual([
      "Ready-In-Zone-a True Success 3: NetworkQoS was applied successfully",
      "Ready-In-Zone-b False Failed 3: NetworkQoS prod/video - failed to reconcile, error details: no ipset",
      "Ready-In-Zone-c Unknown Pending 3: not yet applied",
    ]);
  });

  it("of an EgressQoS too", () => {
    expect(zones(object({ kind: "EgressQoS", name: "default" }))).toEqual([
      "Ready-In-Zone-a True SetupSucceeded 3: EgressQoS Rules applied",
      "Ready-In-Zone-b False SetupFailed 3: EgressQoS Rules not correctly applied: no ipset",
      "Ready-In-Zone-c Unknown Pending 3: not yet applied",
    ]);
  });
});

describe("a report is a renewal alone", () => {
  const newest = { egressqoses: "500", networkqoses: "500" };
  const full: QosNodeStatus = {
    agent: { version: "1", started: "" },
    renewed: "2026-01-01T00:00:00Z",
    observed: newest,
    objects: [entry()],
    pods: 1,
    limited: 1,
    pending: 0,
    failed: 0,
    uplink: "",
  };
  it.each<readonly [string, Partial<QosNodeStatus>, Partial<QosNodeStatus>, boolean]>([
    ["where nothing else is new", {}, { renewed: "2026-01-01T00:01:00Z" }, true],
    [
      "where more was observed, beyond all objects",
      {},
      { observed: { ...newest, networkqoses: "700" } },
      true,
    ],
    [
      "not where an object's version was observed",
      { observed: { ...newest, networkqoses: "400" } },
      {},
      false,
    ],
    ["where it has not been yet", { observed: {} }, { observed: {} }, true],
    ["not where less was observed", {}, { observed: { ...newest, networkqoses: "400" } }, false],
    ["not where a kind was observed no more", {}, { observed: { egressqoses: "500" } }, false],
    ["not where an object's state is another", {}, { objects: [entry({ state: "pending" })] }, false],
    ["not where there was no room", {}, { unlisted: { applied: 0, pending: 1, failed: 0 } }, false],
  ])("%s", (_, was, is, isAlone) => {
    expect(isRenewalAlone({ ...full, ...was }, { ...full, ...is }, newest)).toBe(isAlone);
  });
});
