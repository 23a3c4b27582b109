/** What a pod and another one see of each other: how fast, and marked how. */
import { sendAndSee, type Packet } from "../../lab/traffic/packets.ts";
import { speedsOf } from "../../lab/traffic/speeds.ts";
import type { OvnPod } from "./pods.ts";

export type Traffic = {
  /** Mbit/s at the receivers, both at once. */
  readonly egress: number;
  readonly ingress: number;
  /** DSCP of a packet to TCP port 443 and of one to UDP, as they reach the other pod, v4 and v6. */
  readonly marks: readonly (number | undefined)[];
};

export async function exchange({ node, pod, addresses }: OvnPod, peer: OvnPod): Promise<Traffic> {
  const packets = [peer.addresses.v4, peer.addresses.v6].flatMap((destination): readonly Packet[] => [
    { destination, protocol: "TCP", port: 443 },
    { destination, protocol: "UDP", port: 443 },
  ]);
  // The first packets bring the flows into the datapath.
  for (const address of [peer.addresses.v4, peer.addresses.v6])
    await pod.exec("ping", ["-q", "-c", "1", "-w", "10", address], { reject: false });
  const seen = await sendAndSee(node, pod, { ns: peer.pod, device: peer.ifname }, packets);
  const { egress, ingress } = await speedsOf({
    pod,
    address: addresses.v4,
    peer: { ns: peer.pod, ...peer.addresses },
  });
  return {
    egress: egress / 1e6,
    ingress: ingress / 1e6,
    marks: seen.map((tos) => (tos === undefined ? undefined : tos >> 2)),
  };
}
