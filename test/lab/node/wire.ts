import type { LabNode } from "./node.ts";
import type { Pod } from "./pod.ts";

/** A pod on a veth pair, as a primary plugin would leave it. */
export interface Wire {
  /** Name of the end in the node's namespace. */
  readonly hostDevice: string;
  /** Name of the end in the pod. */
  readonly podDevice: string;
  readonly pod4: string;
  readonly node4: string;
  readonly pod6: string;
  readonly node6: string;
  /** What the primary plugin would have answered; goes into a conf as `prevResult`. */
  readonly prevResult: PrevResult;
}

export interface PrevResult {
  readonly cniVersion: string;
  readonly interfaces: readonly { readonly name: string; readonly mac: string; readonly sandbox?: string }[];
  readonly ips: readonly { readonly interface: number; readonly address: string; readonly gateway: string }[];
}

export interface WireOptions {
  readonly podDevice?: string;
  readonly hostDevice?: string;
  readonly mtu?: number;
  readonly cniVersion?: string;
}

/** Puts a veth pair with addresses of both families between the node and a pod: what `ptp` does, without Go. */
export const wirePod = async (node: LabNode, pod: Pod, options: WireOptions = {}): Promise<Wire> => {
  const { podDevice = "eth0", hostDevice = `veth-${pod.name}-${podDevice}`.slice(-15), mtu = 1500 } = options;
  const net = await freeSubnet(node);
  const wire = {
    hostDevice,
    podDevice,
    node4: `198.51.100.${net * 4 + 1}`,
    pod4: `198.51.100.${net * 4 + 2}`,
    node6: `2001:db8:${net}::1`,
    pod6: `2001:db8:${net}::2`,
  };
  await node.exec("sh", [
    "-ec",
    NODE_END,
    "sh",
    hostDevice,
    podDevice,
    pod.name,
    `${mtu}`,
    wire.node4,
    wire.node6,
  ]);
  await pod.exec("sh", ["-ec", POD_END, "sh", podDevice, wire.pod4, wire.node4, wire.pod6, wire.node6]);
  const interfaces = [
    { name: hostDevice, mac: await mac(node, hostDevice) },
    { name: podDevice, mac: await mac(pod, podDevice), sandbox: pod.netns },
  ];
  const ips = [
    { interface: 1, address: `${wire.pod4}/30`, gateway: wire.node4 },
    { interface: 1, address: `${wire.pod6}/64`, gateway: wire.node6 },
  ];
  return { ...wire, prevResult: { cniVersion: options.cniVersion ?? "1.0.0", interfaces, ips } };
};

const NODE_END = `
ip link add "$1" mtu "$4" type veth peer name "$2" mtu "$4" netns "$3"
echo 0 >"/proc/sys/net/ipv6/conf/$1/accept_dad"
ip address add "$5/30" dev "$1"
ip address add "$6/64" dev "$1" nodad
ip link set "$1" up
`;

const POD_END = `
ip address add "$2/30" dev "$1"
ip address add "$4/64" dev "$1" nodad
ip link set "$1" up
ip route add default via "$3" 2>/dev/null || true
ip -6 route add default via "$5" 2>/dev/null || true
`;

/** Counted per node by what is there, so that a wire taken down frees its number. */
const freeSubnet = async (node: LabNode): Promise<number> => {
  const { stdout } = await node.exec("ip", ["-4", "-o", "address", "show"]);
  const used = new Set([...stdout.matchAll(/198\.51\.100\.(\d+)\//g)].map(([, last]) => Number(last) >> 2));
  const free = Array.from({ length: 63 }, (_, index) => index + 1).find((index) => !used.has(index));
  if (free === undefined) throw new Error("no subnet left on this lab node");
  return free;
};

const mac = async (ns: LabNode | Pod, device: string): Promise<string> =>
  (await ns.exec("cat", [`/sys/class/net/${device}/address`])).stdout;
