/** `tc -s class show` of an htb device: what each class has sent, dropped and holds back. Pure. */
import type { Batch } from "../handler.ts";

export type ClassCounters = {
  readonly classid: string;
  readonly bytes: number;
  readonly packets: number;
  readonly dropped: number;
  readonly backlogBytes: number;
};

export function listCounters(dev: string): Batch {
  return { argv: ["tc", "-s", "class", "show", "dev", dev], input: "" };
}

export function parseCounters(output: string): readonly ClassCounters[] {
  const pattern =
    /^class htb (\S+) [^\n]*\n\s*Sent (\d+) bytes (\d+) pkt \(dropped (\d+),[^\n]*\n\s*backlog (\d+)([KMG]?)b /gm;
  return [...output.matchAll(pattern)].map(([, classid = "", bytes, packets, dropped, backlog, unit]) => ({
    classid,
    bytes: Number(bytes),
    packets: Number(packets),
    dropped: Number(dropped),
    backlogBytes: Number(backlog) * 1024 ** " KMG".indexOf(unit === "" || unit === undefined ? " " : unit),
  }));
}
