import { captured } from "../node/capture.ts";
import type { LabNode } from "../node/node.ts";
import type { Pod } from "../node/pod.ts";
import type { Namespace } from "../node/process.ts";

/** A packet of any protocol, made by hand: nothing needs to listen, or to exist, where it goes. */
export interface Packet {
  readonly destination: string;
  readonly source?: string;
  readonly protocol: "TCP" | "UDP" | "SCTP" | "ICMP" | "GRE";
  /** Destination port; of protocols that have ports. */
  readonly port?: number;
  /** What the sender itself puts into the byte of DSCP and ECN. */
  readonly tos?: number;
}

/** The byte of DSCP and ECN of each packet as it arrives at a device, or leaves it; undefined for one that did not. */
export const sendAndSee = async (
  node: LabNode,
  pod: Pod,
  at: { readonly ns: Namespace; readonly device: string; readonly direction?: "in" | "out" },
  list: readonly Packet[],
): Promise<readonly (number | undefined)[]> => {
  const seen = await captured(node, at, async () => {
    await pod.exec("sh", ["-c", list.map(command).join("\n")], { timeoutMs: 240_000 });
  });
  const byNumber = new Map(seen.map(({ payload, tos }) => [numberOf(payload), tos]));
  return list.map((_, number) => byNumber.get(number));
};

/** socat sends what it reads as the payload of one IP packet. */
const command = (packet: Packet, number: number): string => {
  const { destination, source, tos = 0 } = packet;
  const isV6 = destination.includes(":");
  const protocol = protocols[packet.protocol] ?? (isV6 ? 58 : 1);
  const to = isV6 ? `IP6-SENDTO:[${destination}]` : `IP4-SENDTO:${destination}`;
  const bind = source === undefined ? "" : `,bind=${isV6 ? `[${source}]` : source}`;
  const mark = isV6 ? `,ipv6-tclass=${tos}` : `,tos=${tos}`;
  return `printf '${escaped(payload(packet, number))}' | socat -u - ${to}:${protocol}${bind}${mark}`;
};

const protocols: Readonly<Record<Packet["protocol"], number | undefined>> = {
  TCP: 6,
  UDP: 17,
  SCTP: 132,
  GRE: 47,
  ICMP: undefined,
};

const MAGIC = "PQOS";

/** Ports first, as all three protocols have them; the number last. */
const payload = ({ port = 0 }: Packet, number: number): Buffer => {
  const bytes = Buffer.alloc(40);
  bytes.writeUInt16BE(40_000, 0);
  bytes.writeUInt16BE(port, 2);
  // A UDP length and a TCP header length, for whoever looks.
  bytes.writeUInt16BE(40, 4);
  bytes[12] = 0x50;
  bytes.write(MAGIC, 32);
  bytes.writeUInt32BE(number, 36);
  return bytes;
};

const numberOf = (bytes: Buffer): number | undefined =>
  bytes.toString("latin1", 32, 36) === MAGIC ? bytes.readUInt32BE(36) : undefined;

const escaped = (bytes: Buffer): string =>
  [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
