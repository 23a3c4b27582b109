/** What each conflist of the repository needs around it on a node, and with whom its pods then talk. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createNode, type LabNode } from "../node/node.ts";
import type { Needs } from "../node/needs.ts";
import type { Namespace } from "../node/process.ts";

export interface Site {
  readonly name: string;
  readonly conflist: string;
  readonly needs: Needs;
  readonly mtu: number;
  /** Whether a capped pod has an end on the node that pod-qos may use. */
  readonly hostEnd: boolean;
  /** False where packets come to the pod past every ingress hook of its link. */
  readonly holdsIngress: boolean;
  /** A fresh node, ready for the first pod. */
  readonly open: () => Promise<OpenSite>;
}

export interface OpenSite {
  readonly node: LabNode;
  readonly peer: Peer;
}

/** Whom the pods can reach. */
export interface Peer {
  readonly ns: Namespace;
  readonly v4: string;
  readonly v6: string | undefined;
}

export const conflistPath = (file: string): string =>
  join(resolve(import.meta.dirname, "../../.."), "conflists", file);

/** The primary plugin makes the gateway on the node: the pods talk with that. */
const gatewayOnNode = async (node: LabNode): Promise<Peer> => ({
  ns: node,
  v4: "192.0.2.1",
  v6: "2001:db8:0:1::1",
});

/** Documentation addresses in the file that flanneld would write. */
const flannelNode = async (node: LabNode): Promise<Peer> => {
  mkdirSync(node.path("/run/flannel"), { recursive: true });
  const lines = [
    "FLANNEL_NETWORK=198.51.100.0/24",
    "FLANNEL_SUBNET=198.51.100.1/26",
    `FLANNEL_MTU=${FLANNEL_MTU}`,
    "FLANNEL_IPMASQ=true",
  ];
  writeFileSync(node.path("/run/flannel/subnet.env"), lines.map((line) => `${line}\n`).join(""));
  return { ns: node, v4: "198.51.100.1", v6: undefined };
};

/** What VXLAN leaves of 1500. */
const FLANNEL_MTU = 1450;

/** eth0 is a wire to another machine, which is in the pods' own subnet: their node they cannot reach. */
const wireToNeighbour = async (node: LabNode): Promise<Peer> => {
  const far = await node.addPod("far");
  await node.exec("sh", ["-ec", WIRE]);
  await far.exec("sh", ["-ec", "ip address add 192.0.2.1/24 dev wire0"]);
  await far.exec("ip", ["address", "add", "2001:db8:0:1::1/64", "dev", "wire0", "nodad"]);
  return { ns: far, v4: "192.0.2.1", v6: "2001:db8:0:1::1" };
};

/** The same wire, but the other machine routes to the pods' subnet by way of the node. */
const wireToRouter = async (node: LabNode): Promise<Peer> => {
  const far = await node.addPod("far");
  await node.exec("sh", ["-ec", `${WIRE}${ROUTED_NODE}`]);
  await far.exec("sh", ["-ec", ROUTED_FAR]);
  return { ns: far, v4: "198.51.100.2", v6: "2001:db8:f::2" };
};

const WIRE = `
ip link add eth0 type veth peer name wire0 netns far
ip link set eth0 up
ip -n far link set wire0 up
`;
const ROUTED_NODE = `
ip address add 198.51.100.1/30 dev eth0
ip address add 2001:db8:f::1/64 dev eth0 nodad
`;
const ROUTED_FAR = `
ip address add 198.51.100.2/30 dev wire0
ip address add 2001:db8:f::2/64 dev wire0 nodad
ip route add 192.0.2.0/24 via 198.51.100.1
ip route add 2001:db8:0:1::/64 via 2001:db8:f::1
`;

const site = (
  name: string,
  peers: readonly string[],
  prepare: (node: LabNode) => Promise<Peer>,
  rest: Partial<Site> = {},
): Site => ({
  name,
  conflist: conflistPath(`10-${name}.conflist`),
  needs: { plugin: true, tools: ["iperf3"], peers: ["cnitool", "host-local", ...peers] },
  mtu: 1500,
  hostEnd: true,
  holdsIngress: true,
  open: async () => {
    const node = await createNode();
    return { node, peer: await prepare(node) };
  },
  ...rest,
});

const ipvlan = (mode: string, prepare: (node: LabNode) => Promise<Peer>): Site => {
  const rest = { hostEnd: false, holdsIngress: mode !== "l3s" };
  const made = site(`ipvlan-${mode}`, ["ipvlan"], prepare, rest);
  return { ...made, needs: { ...made.needs, features: ["ipvlan"] } };
};

/** One site per conflist of a primary network. */
export const sites: readonly Site[] = [
  site("flannel", ["flannel", "bridge", "portmap"], flannelNode, { mtu: FLANNEL_MTU }),
  site("bridge", ["bridge"], gatewayOnNode),
  site("ptp", ["ptp"], gatewayOnNode),
  site("macvlan", ["macvlan"], wireToNeighbour, { hostEnd: false }),
  ipvlan("l2", wireToNeighbour),
  ipvlan("l3", wireToRouter),
  ipvlan("l3s", wireToRouter),
];

export const siteNamed = (name: string): Site => {
  const found = sites.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no site ${name}`);
  return found;
};
