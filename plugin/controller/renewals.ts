/**
 * When each node's agent last wrote its report, by our own clock: a clock of a node, and ours of the day, may be minutes off. Pure: the
 * time comes in as a value, performance.now.
 */
import type { QosNode } from "../report/qos-node.ts";

/** It was written between these two times. */
export type Renewal = {
  readonly renewed: string;
  readonly earliestMs: number;
  readonly latestMs: number;
  /** When we saw that it was written; -Infinity: it was there when we began. */
  readonly seenMs: number;
};

/** By the QoSNode's UID. */
export type Renewals = ReadonlyMap<string, Renewal>;

/** live: written within the limit. silent: not. unsure: it may have been. */
export type Liveness = "live" | "unsure" | "silent";

export function livenessAt(
  { earliestMs, latestMs }: Renewal,
  nowMs: number,
  silentAfterMs: number,
): Liveness {
  if (nowMs - earliestMs <= silentAfterMs) return "live";
  return nowMs - latestMs <= silentAfterMs ? "unsure" : "silent";
}

/** `sinceMs`: up to then we have seen each change. -Infinity: these are the first that we see. */
export function renewalsNow(
  before: Renewals,
  nodes: readonly QosNode[],
  { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number },
): Renewals {
  const seenMs = sinceMs === Number.NEGATIVE_INFINITY ? sinceMs : nowMs;
  return new Map(
    nodes.flatMap(({ uid, status }) => {
      if (status === undefined) return [];
      const { renewed } = status;
      const last = before.get(uid);
      if (last?.renewed === renewed) return [[uid, last]];
      return [[uid, { renewed, earliestMs: sinceMs, latestMs: nowMs, seenMs }]];
    }),
  );
}

/**
 * While no change could be seen, because of the server or because we stood still, agents may not have been able to write either. None
 * turns silent before it has had time to write again: longer than an agent takes from one report to the next.
 */
export function afterGap(
  before: Renewals,
  { beganMs, endedMs }: { readonly beganMs: number; readonly endedMs: number },
  silentAfterMs: number,
): Renewals {
  const least = endedMs - silentAfterMs + Math.min(graceMs, silentAfterMs);
  return new Map(
    Array.from(before, ([uid, renewal]) => {
      const wasSilent = livenessAt(renewal, beganMs, silentAfterMs) === "silent";
      return [uid, wasSilent ? renewal : { ...renewal, latestMs: Math.max(renewal.latestMs, least) }];
    }),
  );
}

/** How long until one of them is live or unsure no more. */
export function untilNextMs(renewals: Renewals, nowMs: number, silentAfterMs: number): number {
  const ends = Array.from(renewals.values(), ({ earliestMs, latestMs }) => [earliestMs, latestMs]).flat();
  const waits = ends.map((ms) => ms + silentAfterMs - nowMs).filter((ms) => ms >= 0);
  return waits.reduce((least, ms) => Math.min(least, ms + 1), Number.POSITIVE_INFINITY);
}

const graceMs = 90_000;
