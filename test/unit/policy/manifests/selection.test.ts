import { describe, expect, it } from "vitest";
import type { Labels } from "../../../../plugin/cni/request.ts";
import { dscpsFor, egressQos, networkQos, selected } from "../../support/manifests.ts";

const one = (podSelector: unknown) => ({ "a.json": networkQos({ podSelector }) });
const labelled = (matchLabels: Labels) => ({ matchLabels });
const expression = (...expressions: readonly (readonly [string, string, ...string[]])[]) => ({
  matchExpressions: expressions.map(([key, operator, ...values]) =>
    values.length === 0 ? { key, operator } : { key, operator, values },
  ),
});

describe("a podSelector", () => {
  it.each([
    ["002-9 nothing is every pod", undefined, {}, true],
    ["002-9 an empty one is every pod", {}, { app: "x" }, true],
    ["a label that the pod has", labelled({ app: "web" }), { app: "web", tier: "x" }, true],
    ["a label with another value", labelled({ app: "web" }), { app: "db" }, false],
    ["a label that the pod has not", labelled({ app: "web" }), {}, false],
    ["two labels of which the pod has one", labelled({ app: "web", tier: "x" }), { app: "web" }, false],
    ["a label with an empty value", labelled({ app: "" }), { app: "" }, true],
    ["In", expression(["app", "In", "web", "db"]), { app: "db" }, true],
    ["In, another value", expression(["app", "In", "web", "db"]), { app: "mq" }, false],
    ["In, no such label", expression(["app", "In", "web"]), {}, false],
    ["NotIn", expression(["app", "NotIn", "web"]), { app: "db" }, true],
    ["NotIn, one of them", expression(["app", "NotIn", "web"]), { app: "web" }, false],
    ["NotIn, no such label", expression(["app", "NotIn", "web"]), {}, true],
    ["Exists", expression(["app", "Exists"]), { app: "" }, true],
    ["Exists, no such label", expression(["app", "Exists"]), {}, false],
    ["DoesNotExist", expression(["app", "DoesNotExist"]), {}, true],
    ["DoesNotExist, but it does", expression(["app", "DoesNotExist"]), { app: "x" }, false],
    ["both parts met", { ...labelled({ a: "1" }), ...expression(["b", "Exists"]) }, { a: "1", b: "2" }, true],
    ["one part met", { ...labelled({ a: "1" }), ...expression(["b", "Exists"]) }, { a: "1" }, false],
    ["a name that JavaScript knows", expression(["constructor", "Exists"]), {}, false],
  ])("%s", async (_, podSelector, labels, isSelected) => {
    expect(await dscpsFor(one(podSelector), { labels })).toEqual(isSelected ? [20] : []);
  });
});

describe("labels that the runtime did not give", () => {
  it.each([
    labelled({ app: "web" }),
    expression(["app", "NotIn", "web"]),
    expression(["app", "DoesNotExist"]),
  ])("are not guessed: %j is told and not applied", async (podSelector) => {
    const { networkQos: chosen, warnings } = await selected(one(podSelector), { labels: undefined });
    expect(chosen).toEqual([]);
    expect(warnings).toEqual([
      "NetworkQoS default/video (a.json) is not applied: its podSelector asks for labels, and neither the node's " +
        "agent nor the runtime (args.cni.labels) gave them",
    ]);
  });

  it("are not asked for by an empty selector", async () => {
    const { networkQos: chosen, warnings } = await selected(one({}), { labels: undefined });
    expect([chosen.length, warnings]).toEqual([1, []]);
  });

  it("keep out the rules of an EgressQoS that ask for them, and no others", async () => {
    const files = { "a.json": egressQos([{ dscp: 1, podSelector: labelled({ app: "x" }) }, { dscp: 2 }]) };
    const { egressQos: rules, warnings } = await selected(files, { labels: undefined });
    expect(rules.map(({ dscp }) => dscp)).toEqual([2]);
    expect(warnings).toEqual([
      expect.stringContaining("EgressQoS default/default egress[0] (a.json) is not applied"),
    ]);
  });
});

describe("the order in which rules are tried", () => {
  it("002-11 002-12 is by falling priority, then by name, then as listed; EgressQoS comes last", async () => {
    const files = {
      "1.json": egressQos([{ dscp: 1 }, { dscp: 2 }]),
      "2.json": networkQos({ name: "b", priority: 5, egress: [{ dscp: 3 }, { dscp: 4 }] }),
      "3.json": networkQos({ name: "c", priority: 100, egress: [{ dscp: 5 }] }),
      "4.json": networkQos({ name: "a", priority: 5, egress: [{ dscp: 6 }] }),
      "5.json": networkQos({ name: "z", priority: 0, egress: [{ dscp: 7 }] }),
    };
    expect(await dscpsFor(files)).toEqual([5, 6, 3, 4, 7, 1, 2]);
  });
});

describe("a namespace", () => {
  const files = {
    "a.yaml": [
      networkQos({ namespace: "prod" }),
      networkQos({ name: "other", namespace: "test", egress: [{ dscp: 1 }] }),
      egressQos([{ dscp: 2 }], { namespace: "prod" }),
      '{"apiVersion":"k8s.ovn.org/v1","kind":"EgressQoS","metadata":{"name":"default"},"spec":{"egress":[{"dscp":3}]}}',
      networkQos({ name: "empty", namespace: "", egress: [{ dscp: 4 }] }),
    ].join("\n---\n"),
  };

  it.each([
    ["prod", [20, 2]],
    ["test", [1]],
    ["default", [4, 3]],
    ["elsewhere", []],
  ])("001-22 001-3 %s is not affected by the objects of others", async (namespace, dscps) => {
    expect(await dscpsFor(files, { namespace })).toEqual(dscps);
  });
});

describe("an EgressQoS", () => {
  it("003-1 counts only if its name is default; others are told", async () => {
    const files = {
      "a.json": egressQos([{ dscp: 1 }]),
      "b.json": egressQos([{ dscp: 2 }], { name: "mine" }),
    };
    const { egressQos: rules, warnings } = await selected(files);
    expect(rules.map(({ dscp }) => dscp)).toEqual([1]);
    expect(warnings).toEqual([
      'EgressQoS default/mine (b.json) is not used: of a namespace\'s EgressQoS only the one named "default" is',
    ]);
  });

  it("001-8 003-14 is about every pod of its namespace, on the default network alone as upstream", async () => {
    const files = { "a.json": egressQos([{ dscp: 1 }]) };
    expect(await dscpsFor(files)).toEqual([1]);
    expect(await dscpsFor(files, { ifname: "net1" })).toEqual([]);
    expect(await dscpsFor({})).toEqual([]);
  });
});

const nad = (name: string, labels: Labels, network?: string, namespace = "default") =>
  JSON.stringify({
    apiVersion: "k8s.cni.cncf.io/v1",
    kind: "NetworkAttachmentDefinition",
    metadata: { name, namespace, labels },
    ...(network === undefined
      ? {}
      : { spec: { config: JSON.stringify({ name: network, type: "macvlan" }) } }),
  });
const namespaceOf = (name: string, labels: Labels) =>
  JSON.stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
const byNad = (networkSelector: unknown, namespaceSelector: unknown = {}) => ({
  networkSelectionType: "NetworkAttachmentDefinitions",
  networkAttachmentDefinitionSelector: { networkSelector, namespaceSelector },
});
const byDefault = { networkSelectionType: "DefaultNetwork" };
const userDefined = {
  networkSelectionType: "SecondaryUserDefinedNetworks",
  secondaryUserDefinedNetworkSelector: { namespaceSelector: {}, networkSelector: labelled({ a: "b" }) },
};
const fast = labelled({ speed: "fast" });

describe("networkSelectors", () => {
  const net1 = { network: "macnet", ifname: "net1" };
  const named = nad("macnet", { speed: "fast" });
  const elsewhere = nad("mine", { speed: "fast" }, "macnet", "tenant");
  const multus = nad("mine", { speed: "fast" }, "macnet", "kube-system");

  it.each([
    ["002-5 none: the pod's first interface", undefined, [], { ifname: "eth0" }, [20]],
    ["002-5 none: any other", undefined, [], net1, [20]],
    ["002-7 DefaultNetwork: the first interface", [byDefault], [named], {}, [20]],
    ["002-7 DefaultNetwork: another", [byDefault], [named], net1, []],
    ["DefaultNetwork: a first one that a NAD makes", [byDefault], [named], { network: "macnet" }, []],
    ["DefaultNetwork: a NAD of its name elsewhere", [byDefault], [elsewhere], { network: "macnet" }, [20]],
    ["DefaultNetwork: one where Multus looks", [byDefault], [multus], { network: "macnet" }, []],
    ["a NAD of a first one's name elsewhere", [byNad(fast)], [elsewhere], { network: "macnet" }, []],
    ["a NAD elsewhere that makes another", [byNad(fast)], [elsewhere], net1, [20]],
    ["002-3 a NAD by its label", [byNad(fast)], [named], net1, [20]],
    ["002-3 a NAD without it", [byNad(fast)], [nad("macnet", {})], net1, []],
    ["no NAD of that network", [byNad(fast)], [nad("other", { speed: "fast" })], net1, []],
    ["a NAD by the name in its config", [byNad(fast)], [nad("a", { speed: "fast" }, "macnet")], net1, [20]],
    ["a NAD whose config has another name", [byNad(fast)], [nad("macnet", { speed: "fast" }, "x")], net1, []],
    ["one of two selectors", [byNad(fast), byDefault], [named], {}, [20]],
    ["one met beside one that cannot be known", [userDefined, byDefault], [], {}, [20]],
    [
      "002-8 a namespace by its label",
      [byNad(fast, labelled({ team: "a" }))],
      [named, namespaceOf("default", { team: "a" })],
      net1,
      [20],
    ],
    [
      "002-8 a namespace with another",
      [byNad(fast, labelled({ team: "a" }))],
      [named, namespaceOf("default", { team: "b" })],
      net1,
      [],
    ],
    [
      "002-8 a namespace by its name, which needs no manifest",
      [byNad(fast, labelled({ "kubernetes.io/metadata.name": "default" }))],
      [named],
      net1,
      [20],
    ],
  ])("%s", async (_, networkSelectors, others, where, dscps) => {
    const policy = networkQos(networkSelectors === undefined ? {} : { networkSelectors });
    expect(await dscpsFor({ "a.yaml": [policy, ...others].join("\n---\n") }, where)).toEqual(dscps);
  });

  it.each([
    [
      "a namespace of which there is no manifest",
      [byNad(fast, labelled({ team: "a" }))],
      "of which the directory has no manifest",
    ],
    [
      "002-7 a user defined network",
      [userDefined],
      "SecondaryUserDefinedNetworks is known to the Kubernetes API alone",
    ],
  ])("are told, not guessed, for %s", async (_, networkSelectors, text) => {
    const files = { "a.yaml": [networkQos({ networkSelectors }), named].join("\n---\n") };
    const { networkQos: chosen, warnings } = await selected(files, net1);
    expect([chosen.length, warnings]).toEqual([0, [expect.stringContaining(text)]]);
  });

  it("are not told of to a pod that the podSelector leaves out", async () => {
    const files = { "a.json": networkQos({ networkSelectors: [userDefined], podSelector: fast }) };
    expect((await selected(files, net1)).warnings).toEqual([]);
  });
});
