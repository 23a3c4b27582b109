/** A node with an uplink to another machine, behind which its pods are masqueraded, and pods of the classes of a conf. */
import { createNode, type LabNode } from "../node/node.ts";
import { callPlugin, type CniVerb, type PluginResult } from "../plugin/plugin.ts";
import type { Pod } from "../node/pod.ts";
import { wirePod, type Wire } from "../node/wire.ts";

export interface UplinkSite {
  readonly node: LabNode;
  /** The machine at the other end of eth0. */
  readonly server: Pod;
  readonly server4: string;
  readonly server6: string;
  /** Runs a script on the node and gives what it prints. */
  readonly sh: (script: string) => Promise<string>;
}

export const openUplinkSite = async (): Promise<UplinkSite> => {
  const node = await createNode();
  const server = await node.addPod("server");
  await node.exec("sh", ["-ec", NODE_END]);
  await server.exec("sh", ["-ec", SERVER_END]);
  const sh = async (script: string): Promise<string> => (await node.exec("sh", ["-ec", script])).stdout;
  return { node, server, server4: "203.0.113.2", server6: "2001:db8:ffff::2", sh };
};

/** The link has room to spare, so that what limits is the uplink's tree. */
const NODE_END = `
ip link add eth0 type veth peer name wan0 netns server
ip address add 203.0.113.1/30 dev eth0
ip address add 2001:db8:ffff::1/64 dev eth0 nodad
ip link set eth0 up
ip -n server link set wan0 up
ip route add default via 203.0.113.2
iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
ip6tables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
`;
const SERVER_END = `
ip address add 203.0.113.2/30 dev wan0
ip address add 2001:db8:ffff::2/64 dev wan0 nodad
`;

/** For who counts what the default class sends: the rest of what a link says goes by it. */
export const quietUplink = async ({ node, server }: UplinkSite): Promise<void> => {
  await node.exec("sh", ["-ec", QUIET]);
  await server.exec("sh", ["-ec", "echo 1 >/proc/sys/net/ipv6/conf/wan0/disable_ipv6"]);
};
const QUIET = `
echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6
mac=$(ip netns exec server cat /sys/class/net/wan0/address)
own=$(cat /sys/class/net/eth0/address)
ip neighbour replace 203.0.113.2 lladdr "$mac" dev eth0 nud permanent
ip -n server neighbour replace 203.0.113.1 lladdr "$own" dev wan0 nud permanent
`;

/** The figures of the acceptance: 200M, the default class 150M of it, bulk 50M and all that is idle. */
export const uplink200 = {
  device: "eth0",
  rate: "200M",
  default: "default",
  classes: {
    default: { rate: "150M" },
    "bulk-seed": {
      rate: "50M",
      ceil: "200M",
      priority: 1,
      set: "bulkseed-pods",
      mark: "0x1",
      podSelector: { matchLabels: { "traffic-tier": "bulk-seed" } },
    },
  },
} as const;

export const bulkLabel = { "traffic-tier": "bulk-seed" };

export interface UplinkPod {
  readonly pod: Pod;
  readonly wire: Wire;
  readonly conf: Readonly<Record<string, unknown>>;
  readonly call: (verb: CniVerb, changes?: object) => Promise<PluginResult>;
}

export interface UplinkPodOptions {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly uplink?: object;
  readonly network?: string;
}

/** A pod on a veth that the node routes for; ADD is the caller's to call. */
export const uplinkPod = async (site: UplinkSite, options: UplinkPodOptions = {}): Promise<UplinkPod> => {
  const pod = await site.node.addPod(options.name);
  const wire = await wirePod(site.node, pod);
  const conf = {
    cniVersion: "1.1.0",
    name: options.network ?? "podnet",
    type: "pod-qos",
    uplink: options.uplink ?? uplink200,
    args: { cni: { labels: options.labels ?? {} } },
    runtimeConfig: { "io.kubernetes.cri.pod-annotations": options.annotations ?? {} },
    prevResult: { ...wire.prevResult, cniVersion: "1.1.0" },
  };
  return {
    pod,
    wire,
    conf,
    call: (verb, changes = {}) =>
      callPlugin(site.node, {
        command: verb,
        conf: { ...conf, ...changes },
        containerId: pod.containerId,
        netns: pod.netns,
        ifname: "eth0",
        args: `K8S_POD_NAMESPACE=prod;K8S_POD_NAME=${pod.name}`,
      }),
  };
};

/** Adds it as well, and fails with what the plugin said. */
export const addedUplinkPod = async (
  site: UplinkSite,
  options: UplinkPodOptions = {},
): Promise<UplinkPod> => {
  const made = await uplinkPod(site, options);
  const result = await made.call("ADD");
  if (result.exitCode !== 0) throw new Error(`ADD: ${result.stdout}\n${result.stderr}`);
  return made;
};

/** The members of a set, in the order in which `ipset list` would be read by a person: sorted. */
export const membersOf = async (node: LabNode, set: string): Promise<readonly string[]> => {
  const { stdout } = await node.exec("ipset", ["save", set]);
  return [...stdout.matchAll(/^add \S+ (\S+)/gm)].map(([, address = ""]) => address).toSorted();
};

export interface ChildOptions {
  /** For `ip link add link eth0 type`: a macvlan or an ipvlan of the uplink itself. */
  readonly kind: string;
  readonly name: string;
  readonly address: string;
  readonly address6: string;
  /** null: a conf without one. */
  readonly uplink?: object | null;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A pod whose interface is a child of the uplink, added and checked: the node's rules need not see its packets. */
export const childPod = async ({ node }: UplinkSite, options: ChildOptions): Promise<Pod> => {
  const pod = await node.addPod(options.name);
  const { name, address, address6, kind } = options;
  await node.exec("sh", ["-ec", CHILD, "sh", name, `${address}/24`, kind, `${address6}/64`]);
  await attach(node, pod, options);
  return pod;
};

/** ADD and CHECK of an interface that is there already. */
export const attach = async (
  node: LabNode,
  pod: Pod,
  {
    address,
    address6,
    uplink = uplink200,
    labels = {},
    annotations = {},
  }: Omit<ChildOptions, "kind" | "name">,
  nodeEnd?: string,
): Promise<void> => {
  const ends = nodeEnd === undefined ? [] : [{ name: nodeEnd }];
  const conf = {
    cniVersion: "1.1.0",
    name: "podnet",
    type: "pod-qos",
    ...(uplink === null ? {} : { uplink }),
    args: { cni: { labels } },
    runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations },
    prevResult: {
      cniVersion: "1.1.0",
      interfaces: [...ends, { name: "eth0", sandbox: pod.netns }],
      ips: [`${address}/24`, `${address6}/64`].map((each) => ({ interface: ends.length, address: each })),
    },
  };
  for (const command of ["ADD", "CHECK"]) {
    const call = { command, conf, containerId: pod.containerId, netns: pod.netns, ifname: "eth0" };
    const { exitCode, stdout } = await callPlugin(node, call);
    if (exitCode !== 0) throw new Error(`${command}: ${stdout}`);
  }
};

const CHILD = `
ip link add "c$$" link eth0 type $3
ip link set "c$$" netns "$1"
ip -n "$1" link set "c$$" name eth0 up
ip -n "$1" address add "$2" dev eth0
ip -n "$1" address add "$4" dev eth0 nodad
`;
