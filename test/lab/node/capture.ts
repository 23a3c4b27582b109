import { existsSync, readFileSync, statSync } from "node:fs";
import type { LabNode } from "./node.ts";
import type { Namespace } from "./process.ts";

/** One IP packet as it was on a wire. */
export interface Captured {
  readonly family: 4 | 6;
  /** The byte that DSCP and ECN are in. */
  readonly tos: number;
  /** IPv6: of the first header behind the fixed one. */
  readonly protocol: number;
  /** What is behind the IP header. */
  readonly payload: Buffer;
  readonly bytes: number;
}

/** What tcpdump sees arrive at, or leave, a device of a namespace of the node while `body` runs. */
export const captured = async (
  node: LabNode,
  at: {
    readonly ns: Namespace;
    readonly device: string;
    readonly filter?: string;
    readonly direction?: "in" | "out";
  },
  body: () => Promise<void>,
): Promise<readonly Captured[]> => {
  const file = `/run/capture-${(captures += 1)}.pcap`;
  const { ns, device, filter = "ip or ip6", direction = "in" } = at;
  // -Z root: it would otherwise become a user that may not write there.
  const args = [
    "-i",
    device,
    "-Q",
    direction,
    "-U",
    "--immediate-mode",
    "-s",
    "256",
    "-Z",
    "root",
    "-w",
    file,
    filter,
  ];
  const tcpdump = ns.start("tcpdump", args, { timeoutMs: 300_000 });
  try {
    await until(() => existsSync(node.path(file)) && statSync(node.path(file)).size >= FILE_HEADER);
    await body();
    // What has just arrived is in its buffer for a moment.
    await new Promise((resolve) => setTimeout(resolve, 200));
  } finally {
    tcpdump.kill("SIGINT");
    await tcpdump.done;
  }
  return packets(readFileSync(node.path(file)));
};

let captures = 0;

const until = async (holds: () => boolean): Promise<void> => {
  for (let tries = 0; tries < 400; tries += 1) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("tcpdump did not begin");
};

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET_HEADER = 14;

const packets = (file: Buffer): readonly Captured[] => {
  const found: Captured[] = [];
  for (let at = FILE_HEADER; at + RECORD_HEADER <= file.length;) {
    const length = file.readUInt32LE(at + 8);
    const frame = file.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    const packet = ip(frame.subarray(ETHERNET_HEADER), file.readUInt32LE(at + 12) - ETHERNET_HEADER);
    if (packet !== undefined) found.push(packet);
    at += RECORD_HEADER + length;
  }
  return found;
};

const ip = (packet: Buffer, bytes: number): Captured | undefined => {
  const version = (packet[0] ?? 0) >> 4;
  if (version === 4) {
    const header = ((packet[0] ?? 0) & 15) * 4;
    const payload = packet.subarray(header, packet.readUInt16BE(2));
    return { family: 4, tos: packet[1] ?? 0, protocol: packet[9] ?? 0, payload, bytes };
  }
  if (version !== 6) return undefined;
  const tos = ((packet.readUInt16BE(0) >> 4) & 0xff) >>> 0;
  const payload = packet.subarray(40, 40 + packet.readUInt16BE(4));
  return { family: 6, tos, protocol: packet[6] ?? 0, payload, bytes };
};
