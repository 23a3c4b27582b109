/** What each class of an htb device has sent and holds back, and what its queue has dropped. Pure. */
import { batchText, type Batch } from "../handler.ts";

export type ClassCounters = {
  readonly classid: string;
  readonly bytes: number;
  readonly packets: number;
  readonly dropped: number;
  readonly backlogBytes: number;
};

export function listCounters(dev: string): Batch {
  const input = batchText([`class show dev ${dev}`, `qdisc show dev ${dev}`]);
  return { argv: ["tc", "-s", "-force", "-batch", "-"], input };
}

export function parseCounters(output: string): readonly ClassCounters[] {
  const pattern =
    /^class htb (\S+) [^\n]*\n\s*Sent (\d+) bytes (\d+) pkt \(dropped (\d+),[^\n]*\n\s*backlog (\d+)([KMG]?)b /gm;
  const queues = queueDrops(output);
  return [...output.matchAll(pattern)].map(([, classid = "", bytes, packets, dropped, backlog, unit]) => ({
    classid,
    bytes: Number(bytes),
    packets: Number(packets),
    // The class hears only of what its queue refuses, not of what that drops later, as fq_codel does.
    dropped: queues.get(classid) ?? Number(dropped),
    backlogBytes: Number(backlog) * 1024 ** " KMG".indexOf(unit === "" || unit === undefined ? " " : unit),
  }));
}

/** By the class in front of the queue. */
function queueDrops(output: string): ReadonlyMap<string, number> {
  const lines = output.matchAll(/^qdisc [^\n]* parent (\S+) [^\n]*\n[^\n]*\(dropped (\d+),/gm);
  return new Map([...lines].map(([, parent = "", dropped]) => [parent, Number(dropped)]));
}
