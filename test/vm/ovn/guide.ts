/** The guide of seed 002 on its secondary network: pod0 and pod1 on ovn-worker, pod2 on ovn-worker2. */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { captured, type Captured } from "../../lab/node/capture.ts";
import type { CniResult, Conflist } from "../../lab/plugin/chain.ts";
import { measure } from "../../lab/traffic/traffic.ts";
import type { Cluster } from "./cluster.ts";
import { STREAM, type Place } from "./network.ts";
import { addPod, withConf, type OvnPod } from "./pods.ts";
import { tell } from "./tell.ts";
import { tunnelled, type Tunnelled } from "./tunnelled.ts";

/** One packet of a ping. */
export type Hop = Tunnelled & {
  readonly ping: "pod0 to pod2" | "pod1 to pod2";
  readonly is: "request" | "reply";
};

export type Guide = {
  readonly result: CniResult | undefined;
  /** The port of pod1 as OVS has it, and the MTU of its interface. */
  readonly externalIds: string;
  readonly mtu: number;
  /** ovn-encap-tos as OVN has it by default, and as `inherit`. */
  readonly byDefault: readonly Hop[];
  readonly inherited: readonly Hop[];
  /** Mbit/s, measured as the guide does, with -R. */
  readonly fromPod0: number;
  readonly fromPod2: number;
};

const POLICIES = join(import.meta.dirname, "policies");

/** Where manifests are, on both nodes. */
export function installPolicies({ worker, worker2 }: Cluster): void {
  for (const node of [worker, worker2]) {
    const folder = node.path("/etc/cni/pod-qos");
    mkdirSync(folder, { recursive: true });
    for (const file of ["nad.yaml", "nqos.yaml"]) copyFileSync(join(POLICIES, file), join(folder, file));
  }
}

export async function guide(cluster: Cluster, conflist: Conflist): Promise<Guide> {
  const limited = { "nqos-app": "bw-limited" };
  const add = (name: string, place: Place, host: number, labels: object): Promise<OvnPod> =>
    addPod(cluster, {
      name,
      place,
      host,
      network: STREAM,
      conflist: withConf(conflist, { args: { cni: { labels: labelList(labels) } } }),
      ifname: "eth1",
    });
  const [pod0, pod1, pod2] = await Promise.all([
    add("pod0", "worker", 4, {}),
    add("pod1", "worker", 3, limited),
    add("pod2", "worker2", 3, { foo: "bar", ...limited }),
  ]);
  tell("the guide's pods are there");
  const byDefault = await hops(cluster, pod0, pod1, pod2);
  for (const node of [cluster.worker, cluster.worker2])
    await node.exec("ovs-vsctl", ["set", "open_vswitch", ".", "external_ids:ovn-encap-tos=inherit"]);
  await untilInherited(cluster);
  tell("tunnels inherit");
  const seen: Guide = {
    result: pod1.added.result,
    externalIds: (await pod1.node.exec("ovs-vsctl", ["get", "interface", pod1.hostEnd, "external_ids"]))
      .stdout,
    mtu: Number((await pod1.pod.exec("cat", ["/sys/class/net/eth1/mtu"])).stdout),
    byDefault,
    inherited: await hops(cluster, pod0, pod1, pod2),
    fromPod0: await received(pod1, pod0),
    fromPod2: await received(pod1, pod2),
  };
  for (const pod of [pod0, pod1, pod2]) await pod.run("del");
  return seen;
}

function labelList(labels: object): readonly object[] {
  return Object.entries(labels).map(([key, value]) => ({ key, value: String(value) }));
}

/** ovn-controller rewrites the tunnels when it sees the wish. */
async function untilInherited({ worker, worker2 }: Cluster): Promise<void> {
  for (const node of [worker, worker2]) {
    const wait = `until ovs-vsctl --bare --columns=options find interface type=geneve | grep -q tos=inherit; do sleep 0.2; done`;
    await node.exec("sh", ["-c", wait]);
  }
}

/** Mbit/s, as `iperf3 -R` in `at` has it. */
async function received(at: OvnPod, from: OvnPod): Promise<number> {
  const { bitsPerSecond } = await measure({
    from: at.pod,
    to: from.pod,
    address: from.addresses.v4,
    reverse: true,
    seconds: 5,
    congestion: "cubic",
  });
  return bitsPerSecond / 1e6;
}

/** What arrives in the tunnel at either node while pod0 and pod1 ping pod2. */
async function hops(
  { worker, worker2 }: Cluster,
  pod0: OvnPod,
  pod1: OvnPod,
  pod2: OvnPod,
): Promise<readonly Hop[]> {
  const found: Hop[] = [];
  const arriving = { device: "eth0", filter: "udp port 6081" };
  for (const [ping, pod] of [
    ["pod0 to pod2", pod0],
    ["pod1 to pod2", pod1],
  ] as const) {
    let replies: readonly Captured[] = [];
    const requests = await captured(worker2, { ns: worker2, ...arriving }, async () => {
      replies = await captured(worker, { ns: worker, ...arriving }, async () => {
        for (const address of [pod2.addresses.v4, pod2.addresses.v6])
          await pod.pod.exec("ping", ["-q", "-c", "3", "-i", "0.3", "-W", "5", address]);
      });
    });
    found.push(
      ...requests.flatMap((packet) =>
        tunnelled(packet).map((each) => ({ ping, is: "request", ...each }) as const),
      ),
      ...replies.flatMap((packet) =>
        tunnelled(packet).map((each) => ({ ping, is: "reply", ...each }) as const),
      ),
    );
  }
  return found;
}
