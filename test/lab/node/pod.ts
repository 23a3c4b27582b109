import { namespace, type Namespace } from "./process.ts";

/** A pod of a lab node: a named network namespace that a CNI plugin can be pointed at. */
export interface Pod extends Namespace {
  /** Valid inside the node: /run/netns/<name>. */
  readonly netns: string;
  /** Unique among the pods of a node; cnitool makes its own from the netns path. */
  readonly containerId: string;
  /** Removes the namespace, as a runtime does before a DEL without netns, and waits for its veths to go. */
  readonly remove: () => Promise<void>;
}

/** Called by LabNode.addPod. */
export const createPod = async (
  node: Namespace,
  prefix: readonly string[],
  marker: string,
  name: string,
): Promise<Pod> => {
  await node.exec("ip", ["netns", "add", name]);
  const pod = namespace(name, [...prefix, "ip", "netns", "exec", name], marker);
  // Duplicate address detection would keep a new IPv6 address unusable for a second.
  await pod.exec("sh", ["-ec", "ip link set lo up; echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad"]);
  return {
    ...pod,
    netns: `/run/netns/${name}`,
    containerId: `lab-${name}`,
    remove: async () => {
      const veths = await linksInto(node, name);
      await node.exec("ip", ["netns", "del", name]);
      await untilGone(node, veths);
    },
  };
};

/** A veth knows its peer's namespace by number, which `ip netns` maps to names. */
const linksInto = async (node: Namespace, name: string): Promise<readonly string[]> => {
  const { stdout } = await node.exec("ip", ["-j", "netns", "list"]);
  const id = (JSON.parse(stdout) as readonly NetnsRow[]).find((row) => row.name === name)?.id;
  if (id === undefined) return [];
  return (await links(node)).filter((link) => link.link_netnsid === id).map((link) => link.ifname);
};

interface NetnsRow {
  readonly name: string;
  readonly id?: number;
}

interface LinkRow {
  readonly ifname: string;
  readonly link_netnsid?: number;
}

const links = async (node: Namespace): Promise<readonly LinkRow[]> =>
  JSON.parse((await node.exec("ip", ["-j", "link", "show"])).stdout) as readonly LinkRow[];

/** The kernel takes a namespace apart after `ip netns del` has returned. */
const untilGone = async (node: Namespace, names: readonly string[]): Promise<void> => {
  for (let tries = 0; tries < 200; tries += 1) {
    const present = new Set((await links(node)).map((link) => link.ifname));
    if (!names.some((name) => present.has(name))) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`still there 5 s after their pod: ${names.join(", ")}`);
};
