/** A real kubelet and containerd run a pod of the API through the chain, on a stock kernel. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../lab/cluster/eventually.ts";
import { podObject, podPath, type KubePod } from "../lab/cluster/objects.ts";
import { podNetwork } from "../lab/cluster/pod-network.ts";
import { createVmCluster, type VmCluster } from "../lab/cluster/vm-cluster.ts";
import { suite } from "../lab/needs.ts";

const kubernetes = ["kube-apiserver", "etcd", "kubelet", "kube-scheduler", "kube-controller-manager"];

suite("a pod of a real kubelet", { plugin: true, kubernetes, tools: ["openssl", "socat"] }, () => {
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

  test("has its annotated cap in the kernel, and when it is deleted its record goes", async () => {
    const annotations = { "kubernetes.io/egress-bandwidth": "20M" };
    await cluster.plane.api.create(podPath("default"), podObject({ name: "web", annotations }));
    const within = { withinMs: 300_000, everyMs: 200 };
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
});
