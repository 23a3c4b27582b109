import type { LabNode } from "./node.ts";

/** A wire between two nodes, eth0 on both. */
export const joinNodes = async (one: LabNode, other: LabNode): Promise<void> => {
  await one.exec("ip", ["link", "add", "eth0", "type", "veth", "peer", "name", "joined0"]);
  await one.exec("ip", ["link", "set", "joined0", "netns", String(other.holderPid)]);
  await other.exec("ip", ["link", "set", "joined0", "name", "eth0"]);
  await one.exec("ip", ["link", "set", "eth0", "up"]);
  await other.exec("ip", ["link", "set", "eth0", "up"]);
};
