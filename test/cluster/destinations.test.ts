/**
 * 1.9.7: destinations by label, beside a real API server and a real Multus: upstream's case "overlay traffic" in both families, on
 * the default network and on another; pods that are made again with other addresses; who does not count.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ControlPlane } from "../../scripts/lab/cluster/control-plane.ts";
import { startAgent, until, type Agent } from "../lab/agent/agent.ts";
import { agentCalls, agentNeeds, createAgentPlane } from "../lab/cluster/agent-plane.ts";
import { policyPath } from "../lab/cluster/installed.ts";
import { startKubelet, type Kubelet } from "../lab/cluster/kubelet.ts";
import { multusConf, multusConflist, NETWORKS_WISH, networkObject } from "../lab/cluster/multus.ts";
import { defineNetworks, networkPath } from "../lab/cluster/networks.ts";
import { NAMESPACES, podObject, podPath, PODS } from "../lab/cluster/objects.ts";
import { reachFrom } from "../lab/cluster/reach.ts";
import { recordOfSandbox } from "../lab/cluster/sandbox-record.ts";
import type { Sandbox } from "../lab/cluster/sandbox.ts";
import { figure } from "../lab/measure/figures.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import type { Conflist } from "../lab/plugin/conflist.ts";
import { sendSteadily, watchMarks } from "../lab/traffic/marks-seen.ts";
import { sendAndSee, type Packet } from "../lab/traffic/packets.ts";

const needs = {
  ...agentNeeds,
  peers: [...agentNeeds.peers, "multus", "sender"],
  tools: [...agentNeeds.tools, "ipset", "tcpdump", "ss", "jq"],
};

const namespace = "nqos-test";
const interfaces = ["eth0", "net1"] as const;
type Interface = (typeof interfaces)[number];

suite("destinations by label", needs, () => {
  let plane: ControlPlane;
  let node: LabNode;
  let kubelet: Kubelet;
  let kubeconfig: string;
  let agent: Agent;
  let source: Sandbox;
  const others = new Map<string, Sandbox>();

  beforeAll(async () => {
    ({ plane, kubeconfig } = await createAgentPlane());
    await defineNetworks(plane);
    for (const [name, labels] of [
      [namespace, { app: "nqos-test" }],
      ["elsewhere", { app: "other" }],
    ] as const) {
      await plane.api.create(NAMESPACES, { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
      await plane.api.create(networkPath(name), networkObject("second", networkOf("second", "br1", 2)));
    }
    node = await createNode();
    await reachFrom(node, plane);
    const conf = multusConf(plane.kubeconfig, networkOf("podnet", "br0", 1));
    await node.exec("sh", ["-c", `cat > /etc/cni/net.d/00-multus.conf`], { input: JSON.stringify(conf) });
    kubelet = await startKubelet({
      api: plane.api,
      node,
      name: "node-1",
      conflist: multusConflist(conf),
      binds: true,
      retryMs: 200,
    });
    agent = await begin();
    source = await run("nqos-test-src");
    for (const name of ["nqos-test-dst", "nqos-test-tcp", "nqos-test-web", "nobody"])
      others.set(name, await run(name));
    others.set("stranger", await run("nqos-test-dst", "elsewhere"));
  });
  afterAll(async () => {
    await agent?.kill();
    await kubelet?.stop();
    await node?.[Symbol.asyncDispose]();
    await plane?.stop();
  });

  const begin = (): Promise<Agent> =>
    startAgent(node, { args: ["--node", "node-1", "--kubeconfig", kubeconfig] });
  const run = async (name: string, where = namespace): Promise<Sandbox> => {
    const wish = { name, labels: { component: name }, annotations: { [NETWORKS_WISH]: "second" } };
    await plane.api.create(podPath(where), podObject(wish));
    return kubelet.running(name, { namespace: where });
  };
  const sandboxOf = (name: string): Sandbox => {
    const found = others.get(name);
    if (found === undefined) throw new Error(`no pod ${name}`);
    return found;
  };
  const toAll = (): readonly Sandbox[] =>
    ["nqos-test-dst", "nqos-test-tcp", "nqos-test-web", "nobody", "stranger"].map(sandboxOf);
  const put = (egress: readonly object[]): Promise<unknown> =>
    plane.api.create(policyPath("NetworkQoS", namespace), {
      apiVersion: "k8s.ovn.org/v1alpha1",
      kind: "NetworkQoS",
      metadata: { name: "nqos-test-spec" },
      spec: { podSelector: component("nqos-test-src"), priority: 50, egress },
    });
  const take = async (): Promise<void> => {
    await plane.api.remove(`${policyPath("NetworkQoS", namespace)}/nqos-test-spec`);
    await until("no rule is left", () => entries("eth0").length + entries("net1").length === 0, 20_000);
  };
  /** What the record has of the source's sets. */
  const entries = (ifname: Interface): readonly string[] =>
    recordOfSandbox(node, source, ifname)
      .programs.filter(({ tool }) => tool === "ipset")
      .flatMap(({ objects }) => objects.flatMap((each) => ("entries" in each ? each.entries : [])));
  const hasAll = (ifname: Interface, names: readonly string[]) => async (): Promise<boolean> => {
    const wanted = await Promise.all(names.map((name) => addressesOf(sandboxOf(name), ifname)));
    return wanted.flat().toSorted().join() === [...entries(ifname)].toSorted().join();
  };
  const marks = async (ifname: Interface, packets: readonly Packet[]) => {
    const at = { ns: source.pod, device: ifname, direction: "out" } as const;
    return (await sendAndSee(node, source.pod, at, packets)).map((tos) =>
      tos === undefined ? tos : tos >> 2,
    );
  };

  test("upstream's overlay traffic: selected 50, TCP 51, TCP:80 52, unselected 0, in both families, on eth0 and net1", async () => {
    for (const ifname of interfaces) {
      const list = await packetsTo(toAll(), ifname);
      expect(list).toHaveLength(5 * 2 * 3);
      expect(await marks(ifname, list)).toEqual(list.map(() => 0));
    }
    await put(overlay);
    for (const ifname of interfaces) {
      const names = ["nqos-test-dst", "nqos-test-tcp", "nqos-test-web"];
      await until(`${ifname} has their addresses`, hasAll(ifname, names), 20_000);
      expect(await marks(ifname, await packetsTo(toAll(), ifname))).toEqual([
        ...twice(50, 50, 50),
        ...twice(0, 51, 51),
        ...twice(0, 52, 0),
        ...twice(0, 0, 0),
        ...twice(0, 0, 0),
      ]);
    }
    await source.check();
    await take();
  });

  test("a destination made again with another address: no packet with the wrong mark a second after it runs, and none to the old address", async () => {
    await put([{ dscp: 50, classifier: { to: [peer("nqos-test-dst"), peer("nobody")] } }]);
    for (const ifname of interfaces)
      await until(`${ifname} follows`, hasAll(ifname, ["nqos-test-dst", "nobody"]), 20_000);
    const bystander = sandboxOf("nobody");
    const [steadyAt = ""] = await addressesOf(bystander, "eth0");
    const watch = await watchMarks(bystander.pod, steadyAt);
    const steady = sendSteadily(source.pod, steadyAt);
    const old = await addressesOf(sandboxOf("nqos-test-dst"), "eth0");
    await plane.api.remove(podPath(namespace, "nqos-test-dst"), { gracePeriodSeconds: 0 });
    await kubelet.gone("nqos-test-dst", { namespace });
    const again = await run("nqos-test-dst");
    const since = performance.now();
    others.set("nqos-test-dst", again);
    const [now = ""] = await addressesOf(again, "eth0");
    expect(old).not.toContain(now);
    await new Promise((resolve) => setTimeout(resolve, 1000 - (performance.now() - since)));
    const seen = await watchMarks(again.pod, now);
    const flow = sendSteadily(source.pod, now, { count: 2000 });
    const sent = await flow.done;
    const [came] = [...(await seen.end()).values()];
    figure(
      "packets of 2000 to the new address with another mark, from a second on",
      sent - (came?.marks.get(50) ?? 0),
      {
        atMost: 0,
      },
    );
    for (const ifname of interfaces) expect(await hasAll(ifname, ["nqos-test-dst", "nobody"])()).toBe(true);
    await source.pod.exec("sh", [
      "-ec",
      old.map((address) => `ip neigh replace ${address} lladdr 02:00:00:00:00:01 dev eth0`).join("; "),
    ]);
    const toOld = old.map((destination): Packet => ({ destination, protocol: "UDP", port: 9 }));
    expect(await marks("eth0", toOld)).toEqual(old.map(() => 0));
    const all = await steady.end();
    const [theirs] = [...(await watch.end()).values()];
    figure(
      "packets lost, or with another mark, to a destination that stayed",
      all - (theirs?.marks.get(50) ?? 0),
      {
        atMost: 0,
      },
    );
    await take();
  });

  test("of more than 20 namespaces it has one watch of the cluster; on the way there and back every packet has its mark", async () => {
    await put([{ dscp: 50, classifier: { to: [peer("nqos-test-tcp")] } }]);
    await until("it follows", hasAll("eth0", ["nqos-test-tcp"]), 20_000);
    const [address = ""] = await addressesOf(sandboxOf("nqos-test-tcp"), "eth0");
    const watch = await watchMarks(sandboxOf("nqos-test-tcp").pod, address);
    const steady = sendSteadily(source.pod, address);
    const many = Array.from({ length: 20 }, (_, at) => `many-${at}`);
    const before = listsOf(plane, podPath(namespace));
    for (const name of many)
      await plane.api.create(NAMESPACES, { metadata: { name, labels: { app: "nqos-test" } } });
    await until("the cluster is listed by label", () => listsOf(plane, PODS) === 1, 20_000);
    for (const name of many)
      await plane.api.patch(`${NAMESPACES}/${name}`, { metadata: { labels: { app: null } } });
    await until("its namespace is listed again", () => listsOf(plane, podPath(namespace)) > before, 20_000);
    const sent = await steady.end();
    const [seen] = [...(await watch.end()).values()];
    figure(
      "packets lost, or with another mark, while the watches change",
      sent - (seen?.marks.get(50) ?? 0),
      {
        atMost: 0,
      },
    );
    expect(await hasAll("eth0", ["nqos-test-tcp"])()).toBe(true);
    expect(listsOf(plane, PODS)).toBe(1);
    await take();
  });

  test("finished pods do not count, labels and Namespaces that change do, and an agent that starts empties nothing", async () => {
    await put([{ dscp: 50, classifier: { to: [peer("nqos-test-dst"), peer("nqos-test-tcp")] } }]);
    const both = ["nqos-test-dst", "nqos-test-tcp"];
    await until("it follows", hasAll("eth0", both), 20_000);
    const dst = podPath(namespace, "nqos-test-dst");
    await plane.api.patch(dst, { metadata: { labels: { component: "other" } } });
    await until("one has another label", hasAll("eth0", ["nqos-test-tcp"]), 20_000);
    await plane.api.patch(dst, { metadata: { labels: { component: "nqos-test-dst" } } });
    await until("and its own again", hasAll("eth0", both), 20_000);
    await plane.api.patch(`${NAMESPACES}/elsewhere`, { metadata: { labels: { app: "nqos-test" } } });
    await until("another namespace counts", hasAll("eth0", [...both, "stranger"]), 20_000);
    const [address = ""] = await addressesOf(sandboxOf("nqos-test-tcp"), "eth0");
    const watch = await watchMarks(sandboxOf("nqos-test-tcp").pod, address);
    const steady = sendSteadily(source.pod, address);
    await agent.kill();
    await plane.api.patch(`${NAMESPACES}/elsewhere`, { metadata: { labels: { app: "other" } } });
    agent = await begin();
    await until("it counts no more", hasAll("eth0", both), 20_000);
    const sent = await steady.end();
    const [seen] = [...(await watch.end()).values()];
    expect(sent - (seen?.marks.get(50) ?? 0)).toBe(0);
    await plane.api.patch(`${dst}/status`, { status: { phase: "Succeeded" } });
    await until("one has ended", hasAll("eth0", ["nqos-test-tcp"]), 20_000);
    await take();
  });

  test("the agent asks for pods by label, and never for all of the cluster", () => {
    const asked = agentCalls(plane)
      .filter(({ objectRef }) => objectRef?.resource === "pods")
      .map(({ requestURI }) => requestURI);
    expect(asked.some((uri) => uri.includes(`/namespaces/${namespace}/pods?labelSelector=`))).toBe(true);
    expect(
      asked.filter((uri) => !uri.includes("fieldSelector=spec.nodeName") && !uri.includes("labelSelector=")),
    ).toEqual([]);
  });
});

/** How often the agent has listed pods at that path by label. */
const listsOf = (plane: ControlPlane, path: string): number =>
  agentCalls(plane).filter(
    ({ verb, requestURI }) => verb === "list" && requestURI.startsWith(`${path}?labelSelector=`),
  ).length;

const component = (name: string): object => ({ matchLabels: { component: name } });

const peer = (name: string): object => ({
  podSelector: component(name),
  namespaceSelector: { matchLabels: { app: "nqos-test" } },
});

/** As upstream's networkqos.go has it. */
const overlay: readonly object[] = [
  { dscp: 50, classifier: { to: [peer("nqos-test-dst")] } },
  { dscp: 51, classifier: { to: [peer("nqos-test-tcp")], ports: [{ protocol: "TCP" }] } },
  { dscp: 52, classifier: { to: [peer("nqos-test-web")], ports: [{ protocol: "TCP", port: 80 }] } },
];

/** Of any kind, of TCP, and of TCP to another port, in each family. */
const packetsTo = async (sandboxes: readonly Sandbox[], ifname: Interface): Promise<readonly Packet[]> => {
  const all = await Promise.all(sandboxes.map((sandbox) => addressesOf(sandbox, ifname)));
  return all.flat().flatMap((destination): readonly Packet[] => [
    { destination, protocol: "ICMP" },
    { destination, protocol: "TCP", port: 80 },
    { destination, protocol: "TCP", port: 9090 },
  ]);
};

/** One family after the other. */
const twice = (...marks: readonly number[]): readonly number[] => [...marks, ...marks];

const addressesOf = async ({ pod }: Sandbox, ifname: Interface): Promise<readonly string[]> => {
  const { stdout } = await pod.exec("ip", ["-j", "address", "show", "dev", ifname]);
  const [link] = JSON.parse(stdout) as readonly {
    readonly addr_info: readonly { readonly local: string; readonly scope: string }[];
  }[];
  return (link?.addr_info ?? []).filter(({ scope }) => scope === "global").map(({ local }) => local);
};

const networkOf = (name: string, bridge: string, number: number): Conflist => ({
  cniVersion: "1.0.0",
  name,
  plugins: [
    {
      type: "bridge",
      bridge,
      isGateway: true,
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: `10.${number}.0.0/24` }], [{ subnet: `fd00:${number}::/64` }]],
      },
    },
    { type: "pod-qos", capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true } },
  ],
});
