/**
 * All that is followed, one change after the other beside a real API server: of a pod and of a static pod, on eth0 and, by a
 * real Multus, on net1. Each row says what a change gives which interface; when it is taken back all is as before.
 */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { startAgent, until, type Agent } from "../lab/agent/agent.ts";
import { agentNeeds, createAgentPlane } from "../lab/cluster/agent-plane.ts";
import { policyPath } from "../lab/cluster/installed.ts";
import { startKubelet, type Kubelet } from "../lab/cluster/kubelet.ts";
import { multusConf, multusConflist, NETWORKS_WISH, networkObject } from "../lab/cluster/multus.ts";
import { defineNetworks, networkPath } from "../lab/cluster/networks.ts";
import { NAMESPACES, podObject, podPath } from "../lab/cluster/objects.ts";
import { podNetwork } from "../lab/cluster/pod-network.ts";
import { reachFrom } from "../lab/cluster/reach.ts";
import type { Sandbox } from "../lab/cluster/sandbox.ts";
import { recordOfSandbox } from "../lab/cluster/sandbox-record.ts";
import type { Conflist } from "../lab/plugin/conflist.ts";
import {
  app,
  become,
  both,
  fast,
  followAll,
  given,
  marking,
  onNetworks,
  policy,
  ruling,
  uplinkWith,
  type Change,
  type Records,
  type Row,
} from "../lab/agent/followed.ts";
import { objectRows, type Kind } from "../lab/agent/followed-objects.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";

const needs = {
  ...agentNeeds,
  peers: [...agentNeeds.peers, "multus"],
  tools: [...agentNeeds.tools, "ipset"],
};

suite("all that is followed beside the API", needs, () => {
  let plane: ControlPlane;
  let node: LabNode;
  let kubelet: Kubelet;
  let kubeconfig: string;
  let agent: Agent;
  let sandboxes: readonly Sandbox[] = [];
  /** A second try makes another namespace. */
  let doomed = 0;

  beforeAll(async () => {
    ({ plane, kubeconfig } = await createAgentPlane());
    await defineNetworks(plane);
    await plane.api.create(networkPath("default"), networkObject("second", second()));
    node = await createNode();
    await node.exec("sh", ["-ec", NODE]);
    await reachFrom(node, plane);
    const multus = multusConf(plane.kubeconfig, primary());
    writeMultus(multus);
    kubelet = await startKubelet({
      api: plane.api,
      node,
      name: "node-1",
      conflist: multusConflist(multus),
      binds: true,
      retryMs: 200,
    });
    agent = await begin();
    const wish = { labels: { app: "web" }, annotations: { [NETWORKS_WISH]: "second" } };
    await plane.api.create(podPath("default"), podObject({ name: "web", ...wish }));
    const fixed = await kubelet.runStatic({ name: "fixed", ...wish });
    sandboxes = [await kubelet.running("web"), fixed.sandbox];
    await become(records, {});
  });
  afterAll(async () => {
    await agent?.kill();
    await kubelet?.stop();
    await node?.[Symbol.asyncDispose]();
    await plane?.stop();
  });

  const begin = (): Promise<Agent> =>
    startAgent(node, { args: ["--node", "node-1", "--kubeconfig", kubeconfig] });
  const records = (): readonly Records[] =>
    sandboxes.map((sandbox) => ({
      eth0: recordOfSandbox(node, sandbox),
      net1: recordOfSandbox(node, sandbox, "net1"),
    }));

  const writeMultus = (conf: object): void => {
    const path = node.path("/etc/cni/net.d/00-multus.conf");
    writeFileSync(`${path}.new`, JSON.stringify(conf));
    renameSync(`${path}.new`, path);
  };
  const onPods = (metadata: object): Promise<unknown> =>
    Promise.all(sandboxes.map(({ name }) => plane.api.patch(podPath("default", name), { metadata })));
  const annotated = (annotations: object): Change => ({
    make: () => onPods({ annotations }),
    undo: () => onPods({ annotations: without(annotations) }),
  });
  const labelled = (labels: object, before: object = without(labels)): Change => ({
    make: () => onPods({ labels }),
    undo: () => onPods({ labels: before }),
  });
  const made = (kind: Kind, spec: object): Change => ({
    make: () => plane.api.create(policyPath(kind, "default"), policy(kind, "default", spec)),
    undo: () => plane.api.remove(`${policyPath(kind, "default")}/default`),
  });
  const editedTo = (kind: Kind, spec: object): Change => ({
    make: () => plane.api.patch(`${policyPath(kind, "default")}/default`, { spec }),
    undo: () => Promise.resolve(),
  });
  const patched = (path: string, labels: object, annotations: object = {}): Change => ({
    make: () => plane.api.patch(path, { metadata: { labels, annotations } }),
    undo: () =>
      plane.api.patch(path, { metadata: { labels: without(labels), annotations: without(annotations) } }),
  });
  const network = (labels: object): Change => patched(networkPath("default", "second"), labels);
  const namespace = (labels: object, annotations?: object): Change =>
    patched(`${NAMESPACES}/default`, labels, annotations);
  const delegate = async (more: object): Promise<void> =>
    writeMultus(multusConf(plane.kubeconfig, primary(more)));
  const conf = (entry: object): Change => ({ make: () => delegate(entry), undo: () => delegate({}) });
  const define = (more: object): Promise<unknown> =>
    plane.api.patch(networkPath("default", "second"), { spec: { config: JSON.stringify(second(more)) } });
  const definition = (entry: object): Change => ({ make: () => define(entry), undo: () => define({}) });
  const policyFile = (): string => node.path(`${policyDir}/a.json`);
  const file = (kind: Kind, spec: object): Change => ({
    make: async () => writeFileSync(policyFile(), JSON.stringify(policy(kind, "default", spec))),
    undo: async () => rmSync(policyFile()),
  });

  const rows = (): readonly Row[] => [
    [
      "a Namespace's ceiling below what a pod asks for",
      given(
        annotated({ "pod-qos/egress-bandwidth": "9M", "pod-qos/ingress-bandwidth": "2M" }),
        namespace({}, { "pod-qos/max-egress-bandwidth": "4M", "pod-qos/max-ingress-bandwidth": "4M" }),
      ),
      both({ egress: 4e6, ingress: 2e6 }),
    ],
    [
      "the kubernetes.io pair",
      annotated({ "kubernetes.io/egress-bandwidth": "20M", "kubernetes.io/ingress-bandwidth": "21M" }),
      { eth0: { egress: 20e6, ingress: 21e6 } },
    ],
    ["egress-bandwidth", annotated({ "pod-qos/egress-bandwidth": "5M" }), both({ egress: 5e6 })],
    ["ingress-bandwidth", annotated({ "pod-qos/ingress-bandwidth": "6M" }), both({ ingress: 6e6 })],
    ["a cap of eth0", annotated({ "eth0.pod-qos/egress-bandwidth": "5M" }), { eth0: { egress: 5e6 } }],
    [
      "caps of net1",
      annotated({ "net1.pod-qos/egress-bandwidth": "5M", "net1.pod-qos/ingress-bandwidth": "7M" }),
      { net1: { egress: 5e6, ingress: 7e6 } },
    ],
    ["dscp", annotated({ "pod-qos/dscp": "EF" }), both({ dscp: 46, rules: 1 })],
    ["dscp of net1", annotated({ "net1.pod-qos/dscp": "AF11" }), { net1: { dscp: 10, rules: 1 } }],
    ["rules", annotated({ "pod-qos/egress": ownRules }), both({ rules: 1 })],
    ["rules of net1", annotated({ "net1.pod-qos/egress": ownRules }), { net1: { rules: 1 } }],
    ["class", annotated({ "eth0.pod-qos/class": "gold" }), { eth0: { class: "gold" } }],
    ...objectRows({ made, editedTo, network, namespace }),
    [
      "a label, by an EgressQoS",
      given(made("EgressQoS", marking(46, app("new"))), labelled({ app: "new" }, { app: "web" })),
      { eth0: { dscp: 46, rules: 1 } },
    ],
    [
      "a label, by a NetworkQoS",
      given(
        made("NetworkQoS", ruling(2, { podSelector: app("new") })),
        labelled({ app: "new" }, { app: "web" }),
      ),
      both({ rules: 2 }),
    ],
    ["a label, by a class", labelled({ tier: "bulk" }), { eth0: { class: "bulk" } }],
    [
      "a label that moves it between classes",
      given(labelled({ tier: "bulk" }), labelled({ tier: "gold" }, { tier: "bulk" })),
      { eth0: { class: "gold" } },
    ],
    ["a delegate in Multus' conf", conf({ defaults: { dscp: "CS2" } }), { eth0: { dscp: 16, rules: 1 } }],
    [
      "a class in that conf",
      conf({ uplink: uplinkWith({ web: { rate: "50M", podSelector: app("web") } }) }),
      { eth0: { class: "web" } },
    ],
    [
      "the conf in a NetworkAttachmentDefinition",
      definition({ defaults: { egressBandwidth: "9M" } }),
      { net1: { egress: 9e6 } },
    ],
    ["an EgressQoS in a file", file("EgressQoS", marking(14, app("web"))), { eth0: { dscp: 14, rules: 1 } }],
    [
      "a NetworkQoS in a file",
      file("NetworkQoS", ruling(2, { podSelector: app("web") })),
      both({ rules: 2 }),
    ],
    [
      "a network's labels, by an object in a file",
      given(file("NetworkQoS", ruling(1, onNetworks(fast))), network({ speed: "fast" })),
      { net1: { rules: 1 } },
    ],
  ];

  test("an object in a file that selects networks by label is enough for these to be followed", async () => {
    const last = rows().slice(-1);
    await followAll(last, records, () => Promise.resolve());
  });

  test("each change reaches the interfaces that it is about, of a pod and a static pod, and goes when it is taken back", async () => {
    await followAll(rows(), records, (pod) => sandboxes[pod]?.check() ?? Promise.resolve());
  });

  test.each([
    ["egress-burst", { "pod-qos/egress-burst": "1M" }],
    ["ingress-burst", { "net1.pod-qos/ingress-burst": "1M" }],
    ["discipline", { "pod-qos/discipline": "police" }],
  ])("%s of caps that stay is another, and back", async (_, annotations) => {
    const caps = annotated({ "pod-qos/egress-bandwidth": "5M", "pod-qos/ingress-bandwidth": "5M" });
    const change = annotated(annotations);
    const programs = (): string => JSON.stringify(records().map(({ net1 }) => net1.programs));
    try {
      await caps.make();
      await become(records, both({ egress: 5e6, ingress: 5e6 }));
      const before = programs();
      await change.make();
      await until("other objects", () => programs() !== before, 20_000);
      await become(records, both({ egress: 5e6, ingress: 5e6 }));
      for (const sandbox of sandboxes) await sandbox.check();
      await change.undo();
      await until("those of before", () => programs() === before, 20_000);
    } finally {
      await change.undo();
      await caps.undo();
    }
    await become(records, {});
  });

  test.each([
    ["an unknown class", "glod", 'there is no class "glod"'],
    ["a class of other namespaces", "team", 'class "team" is not for pods of namespace default'],
  ])("1.9.5 %s leaves a pod in its own, the rest is followed, and log and metric say so", async (...row) => {
    const [, name, why] = row;
    const gold = annotated({ "eth0.pod-qos/class": "gold" });
    const rejected = annotated({ "eth0.pod-qos/class": name, "eth0.pod-qos/egress-bandwidth": "5M" });
    const goldless = conf({ uplink: uplinkWith({ gold: undefined }) });
    try {
      await gold.make();
      await become(records, { eth0: { class: "gold" } });
      await rejected.make();
      await become(records, { eth0: { class: "gold", egress: 5e6 } });
      await until("both refused", async () => (await agent.metric('pod_qos_pods{state="refused"}')) === 2);
      await goldless.make();
      await become(records, { eth0: { class: "rest", egress: 5e6 } });
    } finally {
      await goldless.undo();
      await rejected.undo();
    }
    await become(records, {});
    await until("none refused", async () => (await agent.metric('pod_qos_pods{state="refused"}')) === 0);
    const said = await agent.stop();
    // For a second try.
    agent = await begin();
    expect(said).toContain(`default/web eth0: annotation eth0.pod-qos/class: ${why}`);
  });

  test("a NetworkAttachmentDefinition goes with its namespace before the pods: they keep what it gave them", async () => {
    const its = `doomed-${(doomed += 1)}`;
    const [networks, objects] = [networkPath(its), policyPath("NetworkQoS", its)];
    const third = { ...networkObject("third", { ...second(), name: "third" }) };
    const metadata = { name: "third", labels: fast.matchLabels };
    await plane.api.create(NAMESPACES, { metadata: { name: its } });
    await plane.api.create(networks, { ...third, metadata });
    await plane.api.create(objects, policy("NetworkQoS", its, ruling(1, onNetworks(fast))));
    const annotations = { [NETWORKS_WISH]: "third" };
    await plane.api.create(podPath(its), podObject({ name: "web", annotations }));
    const sandbox = await kubelet.running("web", { namespace: its });
    const limits = () => recordOfSandbox(node, sandbox, "net1").limits;
    await until("a rule on net1", () => limits()?.rules === 1, 20_000);
    // Nothing of this lab deletes what is in it, so that the order is ours.
    await plane.api.remove(`${NAMESPACES}/${its}`);
    await plane.api.remove(networkPath(its, "third"));
    const cap = { annotations: { "net1.pod-qos/egress-bandwidth": "5M" } };
    await plane.api.patch(podPath(its, "web"), { metadata: cap });
    await until("a cap on net1", () => limits()?.egress === 5e6, 20_000);
    expect(limits()?.rules).toBe(1);
    await sandbox.check();
    await plane.api.remove(podPath(its, "web"), { gracePeriodSeconds: 0 });
    await kubelet.gone("web", { namespace: its });
    const said = await agent.stop();
    // For a second try.
    agent = await begin();
    expect(said).toContain(`namespace ${its} is being deleted`);
  });
});

const NODE = "ip link add up0 type veth peer name up1; ip link set up0 up; mkdir /run/policies";
const policyDir = "/run/policies";
const ownRules = JSON.stringify([{ dscp: 8, classifier: { ports: [{ protocol: "UDP", port: 53 }] } }]);

const primary = (conf: object = {}): Conflist =>
  podNetwork({ conf: { policyDir, uplink: uplinkWith(), ...conf } });

const second = (conf: object = {}): Conflist => ({
  cniVersion: "1.0.0",
  name: "second",
  plugins: [
    {
      type: "bridge",
      bridge: "br1",
      ipam: { type: "host-local", ranges: [[{ subnet: "203.0.113.0/24" }]] },
    },
    {
      type: "pod-qos",
      capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
      policyDir,
      ...conf,
    },
  ],
});

const without = (all: object): object => Object.fromEntries(Object.keys(all).map((key) => [key, null]));
