/** When agents last wrote their reports, and when no report could reach us: the memory for renewals.ts. */
import type { Notice } from "../kube/follow.ts";
import type { QosNodeReport } from "./report-memo.ts";
import { afterGap, livenessAt, renewalsNow, untilNextMs, type Renewals } from "./renewals.ts";
import type { Report } from "./reports.ts";

export type RenewalMemory = {
  /** All QoSNodes as they are now. */
  readonly see: (nodes: readonly QosNodeReport[], nowMs: number) => void;
  /** What the watch of QoSNodes meets. */
  readonly note: (notice: Notice, nowMs: number, silenceMs: number) => void;
  /** To be called at short intervals: a long one says that this process stood still. */
  readonly keepTime: (nowMs: number) => void;
  /** No report can reach us. */
  readonly isCutOff: () => boolean;
  /** It is live for certain. */
  readonly isLive: (uid: string, nowMs: number) => boolean;
  readonly reportsOf: (nodes: readonly QosNodeReport[], nowMs: number) => readonly Report[];
  /** How long until a node turns silent, or unsure, if nothing is seen of it. */
  readonly untilNextMs: (nowMs: number) => number;
};

/** A report reaches us this long after it was written at most, while all is well. Two controllers may differ by that. */
const mostLateMs = 15_000;

export function createRenewalMemory(silentAfterMs: number): RenewalMemory {
  const lateMs = Math.min(mostLateMs, silentAfterMs / 4);
  let renewals: Renewals = new Map();
  /** Since when changes cannot be seen; undefined: they can. Before the first list nothing was seen. */
  let gapMs: number | undefined = Number.NEGATIVE_INFINITY;
  /** What was written in the last gap arrives by then. */
  let last: { readonly beganMs: number; readonly arrivedMs: number } | undefined;
  let timeMs: number | undefined;

  const endGap = (beganMs: number, nowMs: number): void => {
    renewals = afterGap(renewals, { beganMs, endedMs: nowMs }, silentAfterMs);
    last = { beganMs, arrivedMs: nowMs + mostLateMs };
  };
  const keepTime = (nowMs: number): void => {
    if (timeMs !== undefined && nowMs - timeMs > mostLateMs) endGap(timeMs, nowMs);
    timeMs = nowMs;
  };
  return {
    see: (nodes, nowMs) => {
      keepTime(nowMs);
      const seenToMs = last !== undefined && nowMs <= last.arrivedMs ? last.beganMs : nowMs;
      renewals = renewalsNow(renewals, nodes, { sinceMs: (gapMs ?? seenToMs) - lateMs, nowMs });
      if (gapMs === Number.NEGATIVE_INFINITY) gapMs = nowMs;
    },
    note: ({ kind }, nowMs, silenceMs) => {
      if (kind === "failed") gapMs ??= nowMs;
      if (kind === "silent") gapMs ??= nowMs - silenceMs;
      if (kind !== "watching" || gapMs === undefined) return;
      endGap(gapMs, nowMs);
      gapMs = undefined;
    },
    keepTime,
    isCutOff: () => gapMs !== undefined,
    isLive: (uid, nowMs) => {
      const renewal = renewals.get(uid);
      return renewal !== undefined && livenessAt(renewal, nowMs, silentAfterMs) === "live";
    },
    reportsOf: (nodes, nowMs) =>
      nodes.flatMap(({ name, uid, version, status }) => {
        const renewal = renewals.get(uid);
        if (status === undefined || renewal === undefined) return [];
        const liveness = livenessAt(renewal, nowMs, silentAfterMs);
        return [{ node: name, uid, version, liveness, seenMs: renewal.seenMs, status }];
      }),
    untilNextMs: (nowMs) => untilNextMs(renewals, nowMs, silentAfterMs),
  };
}
