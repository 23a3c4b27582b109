/** The two chains: their conflists, and the node around them that traffic needs. */
import { execa } from "execa";

export type ChainName = "bridge" | "ipvlan";

export type Chain = {
  readonly conflist: object;
  /** Prefix that runs a program where the pod's traffic arrives: the node itself, or the far end of its wire. */
  readonly peer: readonly string[];
  /** Address of the peer. */
  readonly peerAddress: string;
  /** Commands that make the node. */
  readonly node: readonly string[];
};

const POD_QOS = {
  type: "pod-qos",
  capabilities: { bandwidth: true, "io.kubernetes.cri.pod-annotations": true },
};
const IPAM = { type: "host-local", ranges: [[{ subnet: "192.0.2.0/24", rangeStart: "192.0.2.100" }]] };

export const CHAINS: Readonly<Record<ChainName, Chain>> = {
  bridge: {
    conflist: conflist({ type: "bridge", bridge: "br0", isGateway: true, ipam: IPAM }),
    peer: [],
    peerAddress: "192.0.2.1",
    // Made beforehand, as the bridge plugin leaves its bridge behind and the node is compared before and after.
    node: ["ip link add br0 type bridge", "ip addr add 192.0.2.1/24 dev br0", "ip link set br0 up"],
  },
  // The master is one end of a wire; a pod on ipvlan never reaches its own node, so the peer is the other end.
  ipvlan: {
    conflist: conflist({ type: "ipvlan", master: "uplink0", mode: "l2", ipam: IPAM }),
    peer: ["ip", "netns", "exec", "peer"],
    peerAddress: "192.0.2.1",
    node: [
      "ip netns add peer",
      "ip link add uplink0 type veth peer name wire0 netns peer",
      "ip link set uplink0 up",
      "ip -n peer addr add 192.0.2.1/24 dev wire0",
      "ip -n peer link set wire0 up",
      "ip -n peer link set lo up",
    ],
  },
};

/** Packets from pods that the peer received, with DSCP 46 and with any other. */
export type Marks = { readonly expedited: number; readonly other: number };

/** Makes the node, counts pods' packets where they arrive, and loads what would otherwise appear with its first use. */
export async function prepareNode({ node, peer }: Chain): Promise<void> {
  for (const line of [...node, "modprobe -a ifb ip6table_mangle"]) await run(line.split(" "));
  for (const match of ["--dscp 46", "! --dscp 46"])
    await run([...peer, ...`${COUNTERS} -A PREROUTING ${PODS} -m dscp ${match} -j ACCEPT`.split(" ")]);
}

export async function readMarks({ peer }: Chain): Promise<Marks> {
  const text = await run([...peer, ...`${COUNTERS} -nvxL PREROUTING`.split(" ")]);
  const packets = (match: string): number => Number(new RegExp(`^ *(\\d+) .*${match}`, "m").exec(text)?.[1]);
  return { expedited: packets("DSCP match 0x2e"), other: packets("DSCP match !0x2e") };
}

const COUNTERS = "iptables -t mangle";
/** Every address from which host-local serves. */
const PODS = "-m iprange --src-range 192.0.2.100-192.0.2.254";

/** Runs a program and gives its stdout. */
export async function run([file = "", ...args]: readonly string[]): Promise<string> {
  return (await execa(file, args)).stdout;
}

function conflist(primary: object): object {
  return { cniVersion: "1.0.0", name: "pods", plugins: [primary, POD_QOS] };
}
