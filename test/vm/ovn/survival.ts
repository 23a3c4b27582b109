/** The same caps by pod-qos, in the pod, and by the CNI bandwidth plugin, at the pod's end on the node, while OVS lives on. */
import type { Conflist } from "../../lab/plugin/chain.ts";
import { restartVswitchd, type Cluster } from "./cluster.ts";
import { exchange, type Traffic } from "./exchange.ts";
import { DEFAULT } from "./network.ts";
import { addPod, type OvnPod } from "./pods.ts";
import { tell } from "./tell.ts";

export const EGRESS_MBIT = 20;
export const INGRESS_MBIT = 30;

export const STAGES = ["made", "ports changed", "vswitchd restarted"] as const;
export type Stage = (typeof STAGES)[number];
export type Capper = "shape" | "police" | "bandwidth plugin";

export type Look = {
  /** Links, queues, filters and rules in the pod. */
  readonly pod: string;
  /** Kinds of the qdiscs at the end on the node. */
  readonly hostEnd: readonly string[];
};

/** How one pod fared. */
export type Fate = {
  readonly looks: readonly (Look & { readonly stage: Stage })[];
  /** At the first stage, and at the last. */
  readonly first: Traffic;
  readonly last: Traffic;
  readonly check: number;
};

export type Survival = Readonly<Record<Capper, Fate>>;

export async function survival(cluster: Cluster, conflist: Conflist): Promise<Survival> {
  const [peer, ...pods] = await addPods(cluster, conflist);
  if (peer === undefined) throw new Error("no pods");
  const looks: (readonly Look[])[] = [];
  const traffic: (readonly Traffic[])[] = [];
  for (const stage of STAGES) {
    await reach(stage, cluster, pods);
    tell(stage);
    looks.push(await Promise.all(pods.map(look)));
    if (stage !== "ports changed") traffic.push(await inTurn(pods, (pod) => exchange(pod, peer)));
  }
  tell("measured");
  const checks = await inTurn(pods, async ({ run }) => (await run("check")).exitCode);
  await inTurn([peer, ...pods], ({ run }) => run("del"));
  const fate = (at: number): Fate => ({
    looks: STAGES.flatMap(
      (stage, of) => looks[of]?.slice(at, at + 1).map((each) => ({ stage, ...each })) ?? [],
    ),
    first: traffic[0]?.[at] ?? NOTHING,
    last: traffic[1]?.[at] ?? NOTHING,
    check: checks[at] ?? -1,
  });
  return { shape: fate(0), police: fate(1), "bandwidth plugin": fate(2) };
}

const NOTHING: Traffic = { egress: Number.NaN, ingress: Number.NaN, marks: [] };

async function inTurn<Item, Answer>(
  items: readonly Item[],
  act: (item: Item) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const item of items) answers.push(await act(item));
  return answers;
}

/** First the one that the others talk with, then one per capper. */
async function addPods(cluster: Cluster, conflist: Conflist): Promise<readonly OvnPod[]> {
  const annotations = {
    // Our own keys: ovn-kubernetes itself acts on the kubernetes.io ones.
    "pod-qos/egress-bandwidth": `${EGRESS_MBIT}M`,
    "pod-qos/ingress-bandwidth": `${INGRESS_MBIT}M`,
    "pod-qos/egress": JSON.stringify([
      { dscp: 46, classifier: { ports: [{ protocol: "TCP", port: 443 }] } },
      { dscp: 20 },
    ]),
  };
  const shared = { place: "worker", network: DEFAULT } as const;
  const [primary] = conflist.plugins;
  if (primary === undefined) throw new Error("the conflist has no plugins");
  const police = { ...annotations, "pod-qos/discipline": "police" };
  const theirs = { ...conflist, plugins: [primary, BANDWIDTH] };
  const [peer, shaped, policed] = await Promise.all([
    addPod(cluster, { ...shared, name: "peer", conflist, host: 10 }),
    addPod(cluster, { ...shared, name: "shaped", conflist, host: 11, annotations }),
    addPod(cluster, { ...shared, name: "policed", conflist, host: 12, annotations: police }),
  ]);
  // When nobody adds ports any more: OVS would begin to remove its queues.
  return [
    peer,
    shaped,
    policed,
    await addPod(cluster, { ...shared, name: "theirs", conflist: theirs, host: 13 }),
  ];
}

const BANDWIDTH = {
  type: "bandwidth",
  egressRate: EGRESS_MBIT * 1e6,
  egressBurst: 2e6,
  ingressRate: INGRESS_MBIT * 1e6,
  ingressBurst: 2e6,
};

/** OVS looks again at the queues of a port after any event of its link, and at all of them when it starts. */
async function reach(stage: Stage, { worker }: Cluster, pods: readonly OvnPod[]): Promise<void> {
  switch (stage) {
    case "made":
      return;
    case "ports changed":
      for (const { hostEnd } of pods) {
        await worker.exec("ip", ["link", "set", hostEnd, "txqueuelen", "500"]);
        await worker.exec("ovs-vsctl", ["set", "interface", hostEnd, "external_ids:touched=yes"]);
      }
      await worker.exec("ovs-vsctl", ["add-port", "br-int", "other0", "--", ...OTHER]);
      await worker.exec("ovs-vsctl", ["del-port", "br-int", "other0"]);
      return;
    case "vswitchd restarted":
      await restartVswitchd(worker);
  }
}

const OTHER = ["set", "interface", "other0", "type=internal"];

async function look({ node, pod, hostEnd }: OvnPod): Promise<Look> {
  const inside = await pod.exec("sh", ["-c", STATE]);
  const { stdout } = await node.exec("tc", ["-j", "qdisc", "show", "dev", hostEnd]);
  return {
    pod: inside.stdout.replaceAll(/\[\d+:\d+\]|^#.*$/gm, ""),
    hostEnd: (JSON.parse(stdout) as readonly { kind: string }[]).map(({ kind }) => kind),
  };
}

const STATE = `
for device in /sys/class/net/*; do
  device=\${device##*/}
  ip -br link show "$device"
  tc -d qdisc show dev "$device"
  tc -d class show dev "$device" | grep htb
  for hook in ingress egress; do tc -d filter show dev "$device" "$hook"; done
done
iptables-save -t mangle
ip6tables-save -t mangle
`;
