/** The node's agent beside a real API server: labels, annotations and objects reach pods that run. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { until, writeConf, type Agent } from "../lab/agent/agent.ts";
import { agentNode, egressQos, type AgentNode } from "../lab/cluster/agent-node.ts";
import { agentCalls, agentNeeds, createAgentPlane, shippedRights } from "../lab/cluster/agent-plane.ts";
import { policyPath } from "../lab/cluster/installed.ts";
import { defineNetworks, networkPath } from "../lab/cluster/networks.ts";
import { podPath, type PodWish } from "../lab/cluster/objects.ts";
import { podNetwork } from "../lab/cluster/pod-network.ts";
import { cniArgsOf } from "../lab/cluster/runtime-call.ts";
import { capsOfSandbox } from "../lab/cluster/sandbox-caps.ts";
import { runChain } from "../lab/plugin/chain.ts";
import { callsBeyond, refusedCalls, unusedRights, type Right } from "../lab/cluster/role.ts";
import type { Sandbox } from "../lab/cluster/sandbox.ts";
import { recordOfSandbox } from "../lab/cluster/sandbox-record.ts";
import { suite } from "../lab/node/needs.ts";
import type { LabNode } from "../lab/node/node.ts";
import type { AttachmentRecord } from "../../plugin/state/record.ts";
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";

suite("the agent and the API", agentNeeds, () => {
  let plane: ControlPlane;
  let kubeconfig: string;
  let site: AgentNode;
  let agent: Agent;

  beforeAll(async () => {
    ({ plane, kubeconfig } = await createAgentPlane());
  });
  afterAll(() => plane.stop());
  beforeEach(async () => {
    site = await agentNode({ plane, kubeconfig, binds: true });
  });
  afterEach(async () => {
    await site[Symbol.asyncDispose]();
    for (const kind of ["EgressQoS", "NetworkQoS"] as const)
      await plane.api.remove(`${policyPath(kind, "default")}/default`).catch(() => undefined);
    await plane.api.remove(networkPath("default", "podnet")).catch(() => undefined);
  });

  const begin = async (): Promise<void> => {
    agent = await site.begin();
  };
  const running = (wish: PodWish): Promise<Sandbox> => site.running(wish);
  const patch = (name: string, metadata: object): Promise<unknown> =>
    plane.api.patch(podPath("default", name), { metadata });
  const recordOf = (sandbox: Sandbox, ifname?: string): AttachmentRecord =>
    recordOfSandbox(site.node, sandbox, ifname);
  const refused = async (): Promise<boolean> => (await agent.metric('pod_qos_pods{state="refused"}')) === 1;
  const markOf = (sandbox: Sandbox): number | undefined => recordOf(sandbox).limits?.dscp;

  test("follows a flipped label, a changed annotation, and objects that are made, edited and deleted", async () => {
    await begin();
    const sandbox = await running({ name: "web", labels: { app: "web" } });
    await plane.api.create(policyPath("EgressQoS", "default"), egressQos(46, "web"));
    await until("the mark of a new object", () => markOf(sandbox) === 46);
    await patch("web", { labels: { app: "other" } });
    await until("no mark after the label is another", () => markOf(sandbox) === undefined);
    await patch("web", { labels: { app: "web" } });
    await until("the mark is back", () => markOf(sandbox) === 46);
    await plane.api.patch(`${policyPath("EgressQoS", "default")}/default`, {
      spec: { egress: [{ dscp: 12, podSelector: { matchLabels: { app: "web" } } }] },
    });
    await until("the edited mark", () => markOf(sandbox) === 12);
    await plane.api.create(policyPath("NetworkQoS", "default"), networkQos(20));
    await until("one rule more", () => recordOf(sandbox).limits?.rules === 2);
    await patch("web", { annotations: { "kubernetes.io/egress-bandwidth": "20M" } });
    await until("a cap", () => recordOf(sandbox).limits?.egress === 20e6);
    await patch("web", { annotations: { "kubernetes.io/egress-bandwidth": null } });
    await until("no cap", () => recordOf(sandbox).limits?.egress === undefined);
    await plane.api.remove(`${policyPath("EgressQoS", "default")}/default`);
    await plane.api.remove(`${policyPath("NetworkQoS", "default")}/default`);
    await until("nothing any more", () => recordOf(sandbox).programs.length === 0);
  });

  test("gives a new pod its object's mark from the start, by its label", async () => {
    await plane.api.create(policyPath("EgressQoS", "default"), egressQos(46, "web"));
    await begin();
    const sandbox = await running({ name: "web", labels: { app: "web" } });
    expect(recordOf(sandbox)).toMatchObject({ limits: { dscp: 46 } });
    expect(recordOf(sandbox).pending).toBeUndefined();
  });

  test("killed, with changes meanwhile, and started again, is in step", async () => {
    await plane.api.create(policyPath("EgressQoS", "default"), egressQos(46, "web"));
    await begin();
    const sandbox = await running({ name: "web", labels: { app: "web" } });
    await until("the mark", () => markOf(sandbox) === 46);
    await agent.kill();
    await plane.api.remove(`${policyPath("EgressQoS", "default")}/default`);
    await patch("web", { annotations: { "pod-qos/egress-bandwidth": "5M" } });
    await begin();
    await until("no mark", () => markOf(sandbox) === undefined, 10_000);
    await until("the cap", () => recordOf(sandbox).limits?.egress === 5e6);
  });

  test("without the API keeps all, and is in step soon after it is back", async () => {
    await plane.api.create(policyPath("EgressQoS", "default"), egressQos(46, "web"));
    await begin();
    const sandbox = await running({ name: "web", labels: { app: "web" } });
    await until("the mark", () => markOf(sandbox) === 46);
    await site.reach.cut();
    await plane.api.patch(`${policyPath("EgressQoS", "default")}/default`, {
      spec: { egress: [{ dscp: 12, podSelector: { matchLabels: { app: "web" } } }] },
    });
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(markOf(sandbox)).toBe(46);
    expect((await agent.page("/readyz")).code).toBe(200);
    await site.reach.restore();
    await until("the edited mark", () => markOf(sandbox) === 12, 35_000);
  });

  test("puts a pod into a class by its namespace's labels, where a conf edit brings the selector", async () => {
    await site.node.exec("ip", ["link", "add", "up0", "type", "veth", "peer", "name", "up1"]);
    await site.node.exec("ip", ["link", "set", "up0", "up"]);
    await begin();
    const sandbox = await running({ name: "web", labels: { app: "web" } });
    await plane.api.patch("/api/v1/namespaces/default", { metadata: { labels: { tier: "x" } } });
    const byNamespace = { set: "tiered", namespaceSelector: { matchLabels: { tier: "x" } } };
    const uplink = {
      device: "up0",
      rate: "1G",
      default: "rest",
      classes: { rest: { rate: "100M" }, tiered: { rate: "100M", ...byNamespace } },
    };
    await writeConf(site.node, "10-podnet.conflist", { uplink }, "podnet");
    await until("its class", () => recordOf(sandbox).membership?.class === "tiered", 10_000);
    await plane.api.patch("/api/v1/namespaces/default", { metadata: { labels: { tier: "y" } } });
    await until("the other class", () => recordOf(sandbox).membership?.class !== "tiered", 10_000);
    await plane.api.patch("/api/v1/namespaces/default", { metadata: { labels: { tier: null } } });
  });

  test("a cap that the runtime repeats beside its annotation goes with the annotation; Multus' for net1 stays", async () => {
    await begin();
    const sandbox = await running({ name: "web", annotations: capped("20M") });
    expect(recordOf(sandbox).asked?.runtimeConfig).toMatchObject({
      bandwidth: { egressRate: 20e6, ingressRate: 20e6 },
      "io.kubernetes.cri.pod-annotations": capped("20M"),
    });
    const net1 = await secondInterface(site.node, sandbox, 8e6);
    const caps = async (): Promise<readonly unknown[]> => [
      limitsOf(recordOf(sandbox)),
      (await capsOfSandbox(site.node, sandbox)).ingress?.rate,
      limitsOf(recordOf(sandbox, "net1")),
      (await net1()).ingress?.rate,
    ];
    const ofNet1 = [{ egress: 8e6, ingress: 8e6 }, "8Mbit"];
    expect(await caps()).toEqual([{ egress: 20e6, ingress: 20e6 }, "20Mbit", ...ofNet1]);
    await patch("web", { annotations: capped("5M") });
    await until("the lower cap", () => recordOf(sandbox).limits?.egress === 5e6);
    // The record is written before the kernel is touched.
    await until("the lower cap in the kernel", async () => (await caps())[1] === "5Mbit");
    expect(await caps()).toEqual([{ egress: 5e6, ingress: 5e6 }, "5Mbit", ...ofNet1]);
    await patch("web", { annotations: capped(null) });
    await until("no cap", () => recordOf(sandbox).programs.length === 0);
    expect(await caps()).toEqual([{}, undefined, ...ofNet1]);
  });

  test("cut off from the API, says so to ADD within some seconds, and takes it back when it is not", async () => {
    await begin();
    expect(heartbeatOf(site.node).isCutOff).toBeUndefined();
    await site.reach.cut();
    await until("the word of it", () => heartbeatOf(site.node).isCutOff === true, 20_000);
    await site.reach.restore();
    await until("the word that it is over", () => heartbeatOf(site.node).isCutOff === undefined, 35_000);
  });

  test("adopts pods that ran before pod-qos by what the API says now, and removes what no DEL comes for", async () => {
    const { plugins, ...chain } = podNetwork();
    const conflist = { ...chain, plugins: plugins.filter(({ type }) => type !== "pod-qos") };
    await using early = await agentNode({ plane, kubeconfig, name: "node-2", conflist });
    await plane.api.create(policyPath("EgressQoS", "default"), egressQos(46, "web"));
    const web = await early.running({ name: "early", labels: { app: "web" }, annotations: capped("20M") });
    const bad = await early.running({ name: "bad", annotations: { "pod-qos/egress-bandwidth": "much" } });
    // Of this the runtime's cache knows nothing.
    await patch("early", { annotations: { "kubernetes.io/egress-bandwidth": "30M" } });
    await writeConf(early.node, "10-podnet.conflist", { capabilities }, "podnet");
    const its = await early.begin({ ready: false });
    const of = (sandbox: Sandbox): AttachmentRecord["limits"] => {
      const isThere = recordsOn(early.node).some((name) => name.startsWith(sandbox.containerId));
      return isThere ? recordOfSandbox(early.node, sandbox).limits : undefined;
    };
    await until("what the API says", () => of(web)?.egress === 30e6, 20_000);
    expect(of(web)).toEqual({ egress: 30e6, ingress: 20e6, dscp: 46, rules: 1 });
    await until("the cap in the kernel", async () => (await early.egressOf(web)) === "30Mbit");
    await until("the bad one is refused", async () => {
      return (await its.metric('pod_qos_pods{state="refused"}')) === 1;
    });
    expect(await early.egressOf(bad)).toBeUndefined();
    expect(recordOfSandbox(early.node, bad).programs).toEqual([]);
    await patch("bad", { annotations: { "pod-qos/egress-bandwidth": "5M" } });
    await until("the mended one", () => of(bad)?.egress === 5e6);
    await patch("early", { labels: { app: "other" } });
    await until("no mark", () => of(web)?.dscp === undefined);
    expect(await its.metric('pod_qos_adoptions_total{result="adopted"}')).toBe(2);
    for (const name of ["early", "bad"]) {
      await plane.api.remove(podPath("default", name));
      await early.kubelet.gone(name);
    }
    await until("nothing is left", () => recordsOn(early.node).length === 0, 20_000);
  });

  /** The last: it counts what the tests above asked as well. */
  test("asks the API server for nothing that its role does not allow, and its role allows nothing that it never asks for", async () => {
    await defineNetworks(plane);
    const networks = { networkSelectionType: "NetworkAttachmentDefinitions", ...byNetworkLabel };
    const ofNetworks = { ...networkQos(20), spec: { ...networkQos(20).spec, networkSelectors: [networks] } };
    await plane.api.create(policyPath("NetworkQoS", "default"), ofNetworks);
    await plane.api.create(networkPath("default"), {
      apiVersion: "k8s.cni.cncf.io/v1",
      kind: "NetworkAttachmentDefinition",
      metadata: { name: "podnet", labels: { tier: "x" } },
      spec: { config: JSON.stringify({ cniVersion: "1.0.0", name: "podnet", type: "bridge" }) },
    });
    await begin();
    for (const resource of [
      "pods",
      "egressqoses",
      "networkqoses",
      "namespaces",
      "network-attachment-definitions",
    ])
      await until(`${resource} are followed`, async () => {
        return (await agent.metric(`pod_qos_synced{resource="${resource}"}`)) === 1;
      });
    // An Event is made, and the second time patched.
    await running({ name: "odd" });
    for (const dscp of ["many", null, "many"]) {
      await patch("odd", { annotations: { "pod-qos/dscp": dscp } });
      await until(`dscp ${dscp}`, async () => (await refused()) === (dscp !== null));
    }
    const rights = await shippedRights(plane);
    const unused = (): readonly Right[] => unusedRights(rights, agentCalls(plane));
    await until("each right is of use", () => unused().length === 0).catch(() =>
      expect(unused()).toEqual([]),
    );
    expect(callsBeyond(rights, agentCalls(plane))).toEqual([]);
    expect(refusedCalls(agentCalls(plane))).toEqual([]);
  });
});

const capabilities = { bandwidth: true, "io.kubernetes.cri.pod-annotations": true };

const recordsOn = (node: LabNode): readonly string[] =>
  globSync(node.path("/run/pod-qos/attachments/*/*.json")).map((path) => basename(path));

const capped = <Rate extends string | null>(rate: Rate) => ({
  "kubernetes.io/egress-bandwidth": rate,
  "kubernetes.io/ingress-bandwidth": rate,
});
const limitsOf = ({ limits: { egress, ingress } = { rules: 0 } }: AttachmentRecord): object => ({
  ...(egress !== undefined && { egress }),
  ...(ingress !== undefined && { ingress }),
});

/** As Multus calls the chain of a network for which a pod's `networks` annotation has a "bandwidth"; reads the caps back. */
const secondInterface = async (
  node: LabNode,
  sandbox: Sandbox,
  rate: number,
): Promise<() => ReturnType<typeof capsOfSandbox>> => {
  const { plugins, ...conflist } = podNetwork({ subnet: "203.0.113.0/24" });
  const [primary = { type: "" }, ...others] = plugins;
  const second = { ...conflist, name: "second", plugins: [{ ...primary, bridge: "cni1" }, ...others] };
  const bandwidth = { ingressRate: rate, ingressBurst: rate, egressRate: rate, egressBurst: rate };
  const { result = sandbox.result } = await runChain(node, "add", second, sandbox.pod, {
    ifname: "net1",
    containerId: sandbox.containerId,
    cniArgs: cniArgsOf(sandbox),
    capArgs: { bandwidth },
  });
  return () => capsOfSandbox(node, { ...sandbox, result });
};
const heartbeatOf = (node: LabNode): { readonly isCutOff?: boolean } =>
  JSON.parse(readFileSync(node.path("/run/pod-qos/live/agent.json"), "utf8"));
const byNetworkLabel = {
  networkAttachmentDefinitionSelector: {
    namespaceSelector: {},
    networkSelector: { matchLabels: { tier: "x" } },
  },
};
const networkQos = (dscp: number) => ({
  apiVersion: "k8s.ovn.org/v1alpha1",
  kind: "NetworkQoS",
  metadata: { name: "default" },
  spec: {
    priority: 10,
    podSelector: { matchLabels: { app: "web" } },
    egress: [{ dscp, bandwidth: { rate: 20_000 }, classifier: { ports: [{ protocol: "TCP", port: 443 }] } }],
  },
});
