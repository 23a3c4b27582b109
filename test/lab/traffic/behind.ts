import type { LabNode } from "../node/node.ts";
import type { Pod } from "../node/pod.ts";
import type { Namespace } from "../node/process.ts";
import type { Wire } from "../node/wire.ts";

/** A client whose traffic a pod forwards, as a router, a VPN or a service mesh does: its packets come to the pod's limits ready made. */
export const clientBehind = async (node: LabNode, pod: Pod, { pod4 }: Wire): Promise<Namespace> => {
  const client = await node.addPod();
  await pod.exec("sh", ["-ec", ROUTER, "sh", client.name]);
  await client.exec("sh", ["-ec", CLIENT]);
  await node.exec("ip", ["route", "add", "203.0.113.0/30", "via", pod4]);
  return client;
};

const ROUTER = `
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link add behind0 type veth peer name eth0 netns "$1"
ip address add 203.0.113.1/30 dev behind0
ip link set behind0 up
`;

const CLIENT = `
ip address add 203.0.113.2/30 dev eth0
ip link set eth0 up
ip route add default via 203.0.113.1
`;
