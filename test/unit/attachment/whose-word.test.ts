/** Whose word counts, line by line of the contract (1.9). */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { decide, type Decision } from "../../../plugin/attachment/decide.ts";
import type { Knowledge } from "../../../plugin/knowledge/knowledge.ts";
import { apiObject, marking, namespaceOf, snapshotOf } from "../support/api.ts";
import { containerds, knowing, podRequest, type PodSaying } from "../support/known.ts";
import { egressQos, networkQos } from "../support/manifests.ts";
import { asyncRefusal } from "../support/refusal.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-word-"));
afterAll(() => rmSync(root, { recursive: true }));

const link = { device: "eth0", speed: 1e9, mtu: 1500 };
const decided = (saying: PodSaying, knowledge?: Knowledge): Promise<Decision> =>
  decide(podRequest(saying), "forget", knowledge, { link });

const egressOf = async (saying: PodSaying, knowledge?: Knowledge) =>
  (await decided(saying, knowledge)).egress?.rate;
const dscpsOf = async (saying: PodSaying, knowledge?: Knowledge) =>
  (await decided(saying, knowledge)).rules.map(({ dscp }) => dscp);

const forApp = (app: string) => ({ podSelector: { matchLabels: { app } } });

/** Marks what carries app=web with 20. */
const snapshot = snapshotOf({ networkQos: [apiObject(marking(20, forApp("web")), { name: "web" })] });

describe("1.9.1 source", () => {
  it.each([
    [
      "a fresh file's labels replace args.cni.labels as a whole",
      knowing({ labels: { app: "web" }, snapshot }),
      { app: "db" },
      [20],
    ],
    ["a fresh file without labels says that there are none", knowing({ snapshot }), { app: "web" }, []],
    [
      "of a stale file the labels count",
      knowing({ source: "stale", labels: { app: "web" }, snapshot }),
      { app: "db" },
      [20],
    ],
    [
      "with no file those of args.cni.labels count",
      knowing({ isUnknown: true, snapshot }),
      { app: "web" },
      [20],
    ],
    ["without either they are unknown", knowing({ isUnknown: true, snapshot }), undefined, []],
  ] as const)("%s", async (_, knowledge, labels, dscps) => {
    expect(await dscpsOf(labels === undefined ? {} : { labels }, knowledge)).toEqual(dscps);
  });

  it.each([
    [
      "a fresh file's annotations replace the runtime's as a whole",
      "agent",
      { "pod-qos/dscp": "8" },
      [8],
      undefined,
    ],
    ["also where it has none", "agent", {}, [], undefined],
    ["a stale file's count for nothing", "stale", { "pod-qos/dscp": "8" }, [46], 5e6],
  ] as const)("%s", async (_, source, annotations, dscps, egress) => {
    const runtime = { annotations: { "pod-qos/dscp": "46", "pod-qos/egress-bandwidth": "5M" } };
    expect(await dscpsOf(runtime, knowing({ source, annotations }))).toEqual(dscps);
    expect(await egressOf(runtime, knowing({ source, annotations }))).toBe(egress);
  });

  it.each([
    [knowing({ labels: {} }), {}, "agent"],
    [knowing({ source: "stale" }), {}, "stale"],
    [knowing({ isUnknown: true }), { labels: {} }, "runtime"],
    [undefined, { labels: {} }, "runtime"],
    [undefined, {}, "unknown"],
  ] as const)("the decision says where the labels come from: %#", async (knowledge, saying, from) => {
    expect((await decided(saying, knowledge)).labelsFrom).toBe(from);
  });

  it("what is left out for want of labels is named", async () => {
    const { undecided, warnings } = await decided({}, knowing({ isUnknown: true, snapshot }));
    expect(undecided).toEqual(["NetworkQoS prod/web (API)"]);
    expect(warnings.join()).toContain("NetworkQoS prod/web (API) is not applied");
  });
});

describe("1.9.2 reach", () => {
  const pair = { "kubernetes.io/egress-bandwidth": "20M" };

  it.each([
    ["eth0", 20e6],
    ["net1", undefined],
  ])("kubernetes.io/* speaks of the first interface alone: %s", async (ifname, rate) => {
    expect(await egressOf({ ifname, annotations: pair })).toBe(rate);
    expect(await egressOf({ ifname, annotations: {} }, knowing({ annotations: pair }))).toBe(rate);
  });

  it.each(["eth0", "net1"])("plain pod-qos/* speaks of each that has pod-qos: %s", async (ifname) => {
    const annotations = { "pod-qos/egress-bandwidth": "7M" };
    expect(await egressOf({ ifname, annotations: {} }, knowing({ annotations }))).toBe(7e6);
  });

  it.each([
    ["20M, as the runtime has it", pair, 20e6],
    ["then 5M", { "kubernetes.io/egress-bandwidth": "5M" }, 5e6],
    ["then none", {}, undefined],
  ])("an echo of the pair goes where the pair goes: %s", async (_, annotations, rate) => {
    const saying = { annotations: pair, bandwidth: containerds(0, 20e6) };
    expect(await egressOf(saying, knowing({ annotations }))).toBe(rate);
  });

  it("an echo without the runtime's annotations is known by the burst that nobody asked for", async () => {
    const saying = { annotations: undefined, bandwidth: containerds(0, 20e6) };
    expect(await egressOf(saying, knowing({}))).toBeUndefined();
    expect(await egressOf(saying, knowing({ isUnknown: true }))).toBe(20e6);
    expect(await egressOf(saying)).toBe(20e6);
  });

  it("an echo that a runtime sends for a second interface caps nothing there", async () => {
    const saying = { ifname: "eth1", annotations: pair, bandwidth: containerds(0, 20e6) };
    expect(await egressOf(saying)).toBeUndefined();
  });

  it.each([
    ["multus sends a network's own, with a burst", { egressRate: 20e6, egressBurst: 20e6 }, undefined],
    ["or with none", { egressRate: 20e6 }, undefined],
    ["or with one that no one asks for", { egressRate: 20e6, egressBurst: 2 ** 32 - 1 }, undefined],
    ["another rate than the pair's is no echo", containerds(0, 30e6), pair],
  ])("a capability that is no echo stays: %s", async (_, bandwidth, annotations) => {
    const rate = await egressOf({ ifname: "net1", annotations, bandwidth }, knowing({ annotations: pair }));
    expect(rate).toBe(annotations === undefined ? 20e6 : 30e6);
  });

  it("each direction is an echo by itself", async () => {
    const bandwidth = { ...containerds(3e6, 20e6), IngressBurst: 100_000 };
    const { ingress, egress } = await decided({ annotations: pair, bandwidth }, knowing({}));
    expect([ingress?.rate, egress?.rate]).toEqual([3e6, undefined]);
  });
});

describe("1.9.3 caps", () => {
  const defaults = { egressBandwidth: "1M" };
  const kubernetes = { "kubernetes.io/egress-bandwidth": "2M" };
  const plain = { ...kubernetes, "pod-qos/egress-bandwidth": "3M" };
  const own = { ...plain, "eth0.pod-qos/egress-bandwidth": "4M" };
  const fixed = { egressRate: 5e6, egressBurst: 1e6 };
  it.each([
    ["conf's defaults", { defaults }, {}, 1e6],
    ["before them kubernetes.io/*", { defaults }, kubernetes, 2e6],
    ["before that pod-qos/*", { defaults }, plain, 3e6],
    ["before that the interface's", { defaults }, own, 4e6],
    ["before all the static conf", { defaults, ...fixed }, own, 5e6],
  ])("%s", async (_, conf, annotations, rate) => {
    expect(await egressOf({ conf }, knowing({ annotations }))).toBe(rate);
    expect(await egressOf({ conf, annotations })).toBe(rate);
  });
});

const forTeam = (team: string) => ({ namespaceSelector: { matchLabels: { team } } });

const withTeam = (team: string) => snapshotOf({ namespaces: { prod: namespaceOf({ team }) } });

describe("1.9.5 class", () => {
  const uplink = {
    device: "eth0",
    rate: "900M",
    default: "rest",
    classes: {
      rest: { rate: "100M" },
      bulk: { rate: "100M", ...forApp("web") },
      both: { rate: "100M", ...forApp("db"), ...forTeam("a") },
      team: { rate: "100M", ...forTeam("a") },
      free: { rate: "100M" },
    },
  };
  const classOf = async (saying: PodSaying, knowledge?: Knowledge) => {
    const { uplink: choice } = await decided({ ...saying, conf: { uplink, ...saying.conf } }, knowledge);
    return [choice?.chosen.name, choice?.source];
  };

  it.each([
    [
      "a podSelector, by the agent's labels",
      { labels: { app: "web" } },
      ["bulk", "uplink.classes.bulk.podSelector"],
    ],
    [
      "podSelector AND namespaceSelector",
      { labels: { app: "db" }, snapshot: withTeam("a") },
      ["both", "uplink.classes.both.podSelector and namespaceSelector"],
    ],
    [
      "a namespaceSelector alone takes all pods there",
      { labels: { app: "x" }, snapshot: withTeam("a") },
      ["team", "uplink.classes.team.namespaceSelector"],
    ],
    [
      "other namespaces are not taken",
      { labels: { app: "db" }, snapshot: withTeam("b") },
      ["rest", "uplink.default"],
    ],
    [
      "in the conf's order",
      { labels: { app: "web" }, snapshot: withTeam("a") },
      ["bulk", "uplink.classes.bulk.podSelector"],
    ],
    [
      "the pod's annotation before selectors",
      { labels: { app: "web" }, annotations: { "pod-qos/class": "free" } },
      ["free", "annotation pod-qos/class"],
    ],
    [
      "a class with a namespaceSelector by annotation, from its own namespace",
      { annotations: { "pod-qos/class": "both" }, snapshot: withTeam("a") },
      ["both", "annotation pod-qos/class"],
    ],
  ])("%s", async (_, known, expected) => {
    expect(await classOf({}, knowing(known))).toEqual(expected);
  });

  it("after selectors defaults.class, then uplink.default", async () => {
    expect(
      await classOf({ conf: { defaults: { class: "free" } } }, knowing({ snapshot: withTeam("b") })),
    ).toEqual(["free", "defaults.class"]);
    expect(await classOf({}, knowing({ snapshot: withTeam("b") }))).toEqual(["rest", "uplink.default"]);
  });

  it("a class with a namespaceSelector cannot be taken by annotation from other namespaces", async () => {
    const annotations = { "pod-qos/class": "team" };
    const error = await asyncRefusal(() => classOf({}, knowing({ annotations, snapshot: withTeam("b") })));
    expect(error.code).toBe(7);
    expect(error.message).toBe(
      'annotation pod-qos/class: class "team" is not for pods of namespace prod: its namespaceSelector does not match',
    );
  });

  it("nor before it is known which namespace the pod's is: then it is left out, and told", async () => {
    const saying = { annotations: { "pod-qos/class": "team" }, conf: { uplink } };
    const { uplink: choice, undecided, warnings } = await decided(saying);
    expect(choice?.chosen.name).toBe("rest");
    expect(undecided[0]).toBe("annotation pod-qos/class");
    expect(warnings.join()).toContain(
      "annotation pod-qos/class is not applied: its class asks for the namespace's labels",
    );
  });

  it("every namespace has its name as a label, known without an agent", async () => {
    const named = {
      ...uplink,
      classes: {
        ...uplink.classes,
        free: { rate: "100M", namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "prod" } } },
      },
    };
    expect(await classOf({ conf: { uplink: named } })).toEqual([
      "free",
      "uplink.classes.free.namespaceSelector",
    ]);
  });

  it.each([
    [
      "by a manifest of the policy directory",
      undefined,
      { team: "a" },
      ["team", "uplink.classes.team.namespaceSelector"],
    ],
    ["by the API's word before it", withTeam("b"), { team: "a" }, ["rest", "uplink.default"]],
    [
      "by the manifest where the API has no such namespace",
      snapshotOf({ namespaces: {} }),
      { team: "a" },
      ["team", "uplink.classes.team.namespaceSelector"],
    ],
    ["by neither, where none knows it", undefined, undefined, ["rest", "uplink.default"]],
  ] as const)("a namespaceSelector is met %s", async (_, listed, labels, expected) => {
    const policyDir = mkdtempSync(join(root, "namespaces-"));
    const manifest = { apiVersion: "v1", kind: "Namespace", metadata: { name: "prod", labels } };
    if (labels !== undefined) writeFileSync(join(policyDir, "ns.json"), JSON.stringify(manifest));
    const known = listed && knowing({ labels: { app: "x" }, snapshot: listed });
    expect(await classOf({ conf: { policyDir, stateDir: root } }, known)).toEqual(expected);
  });

  it.each([
    ["stays where it is", "free", "free"],
    ["goes to the default class where that is gone from the conf", "gold", "rest"],
    ["goes there where it was in none", undefined, "rest"],
  ])(
    "a pod that runs and asks for a class that there is not %s, and the rest of its wishes counts",
    async (_, was, is) => {
      const annotations = { "pod-qos/class": "gold", "pod-qos/egress-bandwidth": "5M" };
      const saying = podRequest({ annotations, conf: { uplink } });
      const {
        uplink: choice,
        egress,
        warnings,
      } = await decide(saying, "forget", undefined, {
        link,
        runsIn: { class: was },
      });
      expect([choice?.chosen.name, egress?.rate]).toEqual([is, 5e6]);
      expect(warnings).toContain(
        `annotation pod-qos/class: there is no class "gold": uplink.classes has rest, bulk, both, team, free; it is in class ${is}`,
      );
    },
  );

  it.each([
    ["stays where it is", "free", "free"],
    ["stays in that class, where it was taken while the namespace was another", "team", "team"],
    ["goes to the default class where it was in none", undefined, "rest"],
  ])(
    "a pod that runs and asks for a class of other namespaces %s, and the rest of its wishes counts",
    async (_, was, is) => {
      const annotations = { "pod-qos/class": "team", "pod-qos/egress-bandwidth": "5M" };
      const known = knowing({ annotations, snapshot: withTeam("b") });
      const beside = { link, runsIn: { class: was } };
      const {
        uplink: choice,
        egress,
        warnings,
      } = await decide(podRequest({ conf: { uplink } }), "forget", known, beside);
      expect([choice?.chosen.name, egress?.rate]).toEqual([is, 5e6]);
      expect(warnings).toContain(
        `annotation pod-qos/class: class "team" is not for pods of namespace prod: its namespaceSelector does not match; it is in class ${is}`,
      );
    },
  );

  it("what is not known does not stand in the way of what is", async () => {
    const { uplink: choice, undecided } = await decided(
      { conf: { uplink } },
      knowing({ isUnknown: true, snapshot: withTeam("a") }),
    );
    expect(choice?.chosen.name).toBe("team");
    expect(undecided).toEqual([
      "uplink.classes.bulk.podSelector",
      "uplink.classes.both.podSelector and namespaceSelector",
    ]);
  });
});

describe("1.9.6 a bad object", () => {
  it("of the API fails no pod: it is left out and told", async () => {
    const bad = snapshotOf({
      networkQos: [apiObject(marking(64), { name: "bad" }), apiObject(marking(9), { name: "good" })],
    });
    expect(await dscpsOf({}, knowing({ snapshot: bad }))).toEqual([9]);
    expect((await decided({}, knowing({ snapshot: bad }))).warnings.join()).toContain(
      "NetworkQoS prod/bad (API): spec.egress[0].dscp",
    );
  });

  it("of policyDir fails ADD as ever", async () => {
    const policyDir = mkdtempSync(join(root, "p-"));
    writeFileSync(
      join(policyDir, "a.json"),
      networkQos({ namespace: "prod", name: "bad", egress: [{ dscp: 64 }] }),
    );
    const conf = { policyDir, stateDir: join(root, "state") };
    expect((await asyncRefusal(() => decided({ conf }, knowing({ snapshot })))).code).toBe(7);
  });

  it("that is in both: the API's counts, also when bad", async () => {
    const policyDir = mkdtempSync(join(root, "p-"));
    writeFileSync(
      join(policyDir, "a.json"),
      networkQos({ namespace: "prod", name: "one", egress: [{ dscp: 1 }] }),
    );
    writeFileSync(join(policyDir, "b.json"), egressQos([{ dscp: 2 }], { namespace: "prod" }));
    const conf = { policyDir, stateDir: join(root, "state") };
    expect(await dscpsOf({ conf }, knowing({ snapshot: snapshotOf({}) }))).toEqual([1, 2]);
    const both = snapshotOf({
      networkQos: [apiObject(marking(11), { name: "one" })],
      egressQos: [apiObject({ egress: [{ dscp: 12 }] })],
    });
    expect(await dscpsOf({ conf }, knowing({ snapshot: both }))).toEqual([11, 12]);
    const bad = snapshotOf({ networkQos: [apiObject(marking(64), { name: "one" })] });
    expect(await dscpsOf({ conf }, knowing({ snapshot: bad }))).toEqual([2]);
  });
});

describe("objects of the API", () => {
  const all = snapshotOf({
    networkQos: [
      apiObject(marking(30, { priority: 90 }), { name: "high" }),
      apiObject(marking(20, { priority: 1 }), { name: "low" }),
    ],
    egressQos: [
      apiObject({ egress: [{ dscp: 40, podSelector: { matchLabels: { app: "web" } } }, { dscp: 41 }] }),
    ],
  });

  it("stand where manifests stand: annotation, NetworkQoS, conf, EgressQoS, the mark for the rest", async () => {
    const annotations = { "pod-qos/egress": '[{"dscp": 1}]', "pod-qos/dscp": "63" };
    const conf = { egress: [{ dscp: 35 }] };
    expect(await dscpsOf({ conf }, knowing({ annotations, labels: { app: "web" }, snapshot: all }))).toEqual([
      1, 30, 20, 35, 40, 41, 63,
    ]);
  });

  it("are those of the pod's namespace, and an EgressQoS is about its first interface", async () => {
    const args = { K8S_POD_NAMESPACE: "other", K8S_POD_NAME: "x", K8S_POD_UID: "u" };
    expect(await dscpsOf({ args }, knowing({ snapshot: all }))).toEqual([]);
    expect(await dscpsOf({ ifname: "net1" }, knowing({ snapshot: all }))).toEqual([30, 20]);
  });

  it("that another system serves are not applied", async () => {
    const off = { ...all, resources: { ...all.resources, networkqoses: { state: "off" as const } } };
    expect(await dscpsOf({}, knowing({ snapshot: off }))).toEqual([41]);
  });

  it.each([
    [{ tier: "1" }, { team: "a" }, [20]],
    [{ tier: "2" }, { team: "a" }, []],
    [{ tier: "1" }, { team: "b" }, []],
  ])(
    "with networkSelectors go by the labels of NADs %j and of their namespaces %j",
    async (labels, team, dscps) => {
      const networkSelectors = [
        {
          networkSelectionType: "NetworkAttachmentDefinitions",
          networkAttachmentDefinitionSelector: {
            namespaceSelector: { matchLabels: { team: "a" } },
            networkSelector: { matchLabels: { tier: "1" } },
          },
        },
      ];
      const selecting = snapshotOf({
        networkQos: [apiObject(marking(20, { networkSelectors }))],
        networks: [{ namespace: "net", name: "fast", labels, network: "podnet", uid: "d", conf: "" }],
        namespaces: { prod: namespaceOf(), net: namespaceOf(team) },
      });
      expect(await dscpsOf({ ifname: "net1" }, knowing({ snapshot: selecting }))).toEqual(dscps);
    },
  );

  it("are asked for by a conf that hears nothing of pods itself, and it is no longer reported", async () => {
    const conf = { runtimeConfig: undefined };
    expect((await decided({ conf })).warnings.join()).toContain("declares no capabilities");
    expect((await decided({ conf }, knowing({}))).warnings).toEqual([]);
  });
});

const marks = [apiObject({ egress: [{ dscp: 41 }] })];
const made = (namespace: string) => [
  { namespace, name: "x", labels: {}, network: "podnet", uid: "t", conf: "" },
];

describe("an EgressQoS of the API", () => {
  it.each([
    ["of another namespace's", { networks: made("tenant") }, [41]],
    ["of the pod's own namespace", { networks: made("prod") }, []],
    ["of Multus' namespace", { networks: made("kube-system") }, []],
    [
      "of any, where a conflist of the node makes it",
      { networks: made("prod"), nodeNetworks: ["podnet"] },
      [41],
    ],
  ] as const)("of a network with the name of a NetworkAttachmentDefinition's: %s", async (_, more, dscps) => {
    expect(await dscpsOf({}, knowing({ snapshot: snapshotOf({ egressQos: marks, ...more }) }))).toEqual(
      dscps,
    );
  });
});
