/** A real kubelet and containerd run pods of the API through the chain, on a stock kernel; then with the DaemonSet and the guide. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../lab/cluster/eventually.ts";
import { podObject, podPath, type KubePod } from "../lab/cluster/objects.ts";
import { podNetwork } from "../lab/cluster/pod-network.ts";
import { createVmCluster, type VmCluster } from "../lab/cluster/vm-cluster.ts";
import { figure } from "../lab/measure/figures.ts";
import { suite } from "../lab/node/needs.ts";
import { installAgent, readyAgent, readyz, replaceAgent } from "./kubelet/agent-pod.ts";
import {
  createGuideObjects,
  createGuidePods,
  prepareSecondNetwork,
  type GuideName,
  type GuidePod,
} from "./kubelet/guide.ts";
import { attachedAt, slownessOf, speedOf } from "./kubelet/node.ts";
import { pings, type Ping, type Way } from "./kubelet/pings.ts";
import { unlabel } from "./kubelet/unlabel.ts";

const needs = {
  plugin: true,
  kubernetes: ["kube-apiserver", "etcd", "kubectl", "kubelet", "kube-scheduler", "kube-controller-manager"],
  peers: ["cnitool"],
  tools: ["openssl", "socat", "tcpdump", "iperf3", "apt-get", "dpkg-deb"],
} as const;

const within = { withinMs: 300_000, everyMs: 300 };
const MARKED = 0x50;
const RATE = 20;

suite("a real kubelet", needs, () => {
  let cluster: VmCluster;
  beforeAll(async () => {
    cluster = await createVmCluster({ conflist: podNetwork() });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  const read = async (name: string): Promise<KubePod | undefined> => {
    const { status, body } = await cluster.plane.api.ask("GET", podPath("default", name));
    return status === 200 ? (body as KubePod) : undefined;
  };
  const classes = (): Promise<string> =>
    cluster.exec(["sh", "-c", "for n in $(ls /run/netns); do ip netns exec $n tc class show dev eth0; done"]);

  test("without an agent: a pod has its annotated cap in the kernel, and when it is deleted its record goes", async () => {
    const annotations = { "kubernetes.io/egress-bandwidth": "20M" };
    await cluster.plane.api.create(podPath("default"), podObject({ name: "web", annotations }));
    await eventually(
      "it runs",
      async () => ((await read("web"))?.status?.phase === "Running" ? true : undefined),
      within,
    );
    expect(await classes()).toMatch(/class htb 905:1 .* rate 20Mbit/);
    await cluster.plane.api.remove(podPath("default", "web"));
    await eventually(
      "it is gone",
      async () => ((await read("web")) === undefined ? true : undefined),
      within,
    );
    expect(await cluster.exec(["find", "/run/pod-qos/attachments", "-type", "f"])).toBe("");
    expect(await classes()).not.toContain("905:");
  });

  describe("with install/kubernetes, applied as it is shipped, with our image imported", () => {
    let pods: Readonly<Record<GuideName, GuidePod>>;
    beforeAll(async () => {
      await installAgent(cluster);
      await readyAgent(cluster);
      await prepareSecondNetwork(cluster);
      await createGuideObjects(cluster);
      pods = await createGuidePods(cluster);
    });

    const way = (from: GuideName, to: GuideName): Way => ({
      from: pods[from].netns,
      to: pods[to].netns,
      address: pods[to].address,
      ifname: "eth1",
    });
    const ping = (from: GuideName, to: GuideName) => pings(cluster, way(from, to));
    const speed = (client: GuideName, server: GuideName, reverse: boolean): Promise<number> =>
      speedOf(cluster, {
        client: pods[client].netns,
        server: pods[server].netns,
        address: pods[server].address,
        reverse,
      });

    test("the agent answers /readyz", async () => {
      expect(await readyz(cluster)).toBe("ok");
    });

    test("002-26 pods are decided by labels that the agent gave ADD, on the network of the policy alone", async () => {
      const [eth0, eth1] = [await attachedAt(cluster, "eth0"), await attachedAt(cluster, "eth1")];
      const rules = (name: GuideName) => [
        eth0[name]?.record.limits?.rules,
        eth1[name]?.record.limits?.rules,
        eth1[name]?.record.labelsFrom,
        eth1[name]?.record.pending,
      ];
      expect([rules("pod0"), rules("pod1"), rules("pod2")]).toEqual([
        [0, 0, "agent", undefined],
        [0, 1, "agent", undefined],
        [0, 1, "agent", undefined],
      ]);
    });

    test("002-28 002-29 002-31 of pod0, which has no label, the request has tos 0, and pod2's reply 0x50", async () => {
      const { requests, replies } = await ping("pod0", "pod2");
      expect([marks(requests), marks(replies)]).toEqual([[0], [MARKED]]);
    });

    test("002-30 002-31 between pod1 and pod2 it is 0x50 both ways", async () => {
      const { requests, replies } = await ping("pod1", "pod2");
      expect([marks(requests), marks(replies)]).toEqual([[MARKED], [MARKED]]);
    });

    test("002-16 002-27 pod1 receives from pod0 what there is, from pod2 20 Mbit/s, and sends 20 Mbit/s itself", async () => {
      const fromPod0 = await speed("pod1", "pod0", true);
      const fromPod2 = await speed("pod1", "pod2", true);
      const toPod0 = await speed("pod1", "pod0", false);
      // One emulated processor carries it all. With the guide's burst of 100 kilobits a TCP flow does not reach the rate.
      figure("pod0 to pod1, Mbit/s", fromPod0, { atLeast: 2 * RATE });
      figure("pod2 to pod1, Mbit/s", fromPod2, { atLeast: 0.5 * RATE, atMost: 1.06 * RATE });
      figure("pod1 to pod0, Mbit/s", toPod0, { atLeast: 0.5 * RATE, atMost: 1.06 * RATE });
    });

    /** What pod0 receives tells: an answer copies the mark of what it answers. */
    const freed = async (pod: GuideName, first?: () => Promise<void>): Promise<void> => {
      const { seconds, marks, lost } = await unlabel(cluster, { pod, way: way(pod, "pod0"), first });
      expect({ marks, lost }).toEqual({ marks: [MARKED, 0], lost: 0 });
      const atMost = await slownessOf(cluster);
      figure(`until ${pod} sends without the mark, s`, seconds, { atLeast: 0, atMost });
    };

    test("the label taken from pod1 while it sends: free within a second times the node's slowness, no ping lost", async () => {
      await freed("pod1");
      // The agent that has just changed the pod shares the processor with the flow.
      figure("pod1 to pod0, Mbit/s", await speed("pod1", "pod0", false), { atLeast: 1.5 * RATE });
    });

    test("the agent's pod deleted while pod2 sends: no ping lost, each has its mark, and the next agent follows a label", async () => {
      await freed("pod2", () => replaceAgent(cluster));
    });
  });
});

/** Of all that were seen, each once. */
const marks = (seen: readonly Ping[]): readonly number[] => [...new Set(seen.map(({ tos }) => tos))];
