import type { Namespace } from "./process.ts";

export interface WireBytes {
  readonly rx: number;
  readonly tx: number;
}

/**
 * A device's own counters. A packet that is segmented later (GSO) counts with one header here; use queueBytes
 * to compare with a cap.
 */
export const wireBytes = async (ns: Namespace, device: string): Promise<WireBytes> => {
  const { stdout } = await ns.exec("ip", ["-j", "-s", "link", "show", "dev", device]);
  const [row] = JSON.parse(stdout) as readonly { stats64: { rx: Bytes; tx: Bytes } }[];
  return { rx: row?.stats64.rx.bytes ?? 0, tx: row?.stats64.tx.bytes ?? 0 };
};

interface Bytes {
  readonly bytes: number;
}

export interface QueueRow {
  readonly kind: string;
  readonly handle: string;
  readonly root?: boolean;
  readonly bytes: number;
  readonly packets: number;
  readonly drops: number;
  readonly overlimits: number;
}

/** Every qdisc of a device with its counters. */
export const queues = async (ns: Namespace, device: string): Promise<readonly QueueRow[]> => {
  const { stdout } = await ns.exec("tc", ["-j", "-s", "qdisc", "show", "dev", device]);
  return JSON.parse(stdout) as readonly QueueRow[];
};

/** What the root qdisc let through, headers of every segment included: bytes on the wire. */
export const queueBytes = async (ns: Namespace, device: string): Promise<number> =>
  (await queues(ns, device)).find((row) => row.root === true)?.bytes ?? 0;

export interface PingOptions {
  readonly from: Namespace;
  readonly address: string;
  readonly count: number;
  readonly intervalMs?: number;
}

export interface PingTimes {
  /** Milliseconds, sorted; lost packets are not in it. */
  readonly rtts: readonly number[];
  readonly p50: number;
  readonly p99: number;
  readonly lost: number;
}

export const ping = async ({ from, address, count, intervalMs = 50 }: PingOptions): Promise<PingTimes> => {
  const seconds = Math.ceil((count * intervalMs) / 1000) + 3;
  const args = ["-n", "-c", `${count}`, "-i", `${intervalMs / 1000}`, "-w", `${seconds}`, address];
  // ping fails when packets are lost; how many is for the caller to judge.
  const { stdout } = await from.exec("ping", args, { reject: false, timeoutMs: (seconds + 5) * 1000 });
  const rtts = [...stdout.matchAll(/time=([\d.]+) ms/g)].map(([, ms]) => Number(ms)).sort((a, b) => a - b);
  return { rtts, p50: percentile(rtts, 0.5), p99: percentile(rtts, 0.99), lost: count - rtts.length };
};

/** Nearest rank; NaN of nothing, so that no comparison with it holds. */
export const percentile = (sorted: readonly number[], fraction: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? Number.NaN;
