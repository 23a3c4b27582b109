/** When agents were heard, and when nobody could be: the memory for hearing.ts. */
import type { Notice } from "../kube/follow.ts";
import { afterDeafness, heardNow, type Hearings } from "./hearing.ts";
import type { QosNodeReport } from "./report-memo.ts";
import type { Report } from "./reports.ts";

export type Ear = {
  readonly hear: (nodes: readonly QosNodeReport[], nowMs: number) => void;
  /** What the watch of QoSNodes meets. */
  readonly note: (notice: Notice, nowMs: number, silenceMs: number) => void;
  /** To be called at short intervals: a long one says that this process did not run, or that the clock was put forward. */
  readonly keepTime: (nowMs: number) => void;
  readonly isDeaf: () => boolean;
  readonly reportsOf: (nodes: readonly QosNodeReport[]) => readonly Report[];
};

const longestTickMs = 30_000;

export function createEar(silentAfterMs: number): Ear {
  let hearings: Hearings = new Map();
  let deafSinceMs: number | undefined;
  let lastMs: number | undefined;
  const grant = (beganMs: number, endedMs: number): void => {
    hearings = afterDeafness(hearings, { beganMs, endedMs }, silentAfterMs);
  };
  return {
    hear: (nodes, nowMs) => (hearings = heardNow(hearings, nodes, nowMs)),
    note: ({ kind }, nowMs, silenceMs) => {
      if (kind === "failed") deafSinceMs ??= nowMs;
      if (kind === "silent") deafSinceMs ??= nowMs - silenceMs;
      if (kind !== "watching" || deafSinceMs === undefined) return;
      grant(deafSinceMs, nowMs);
      deafSinceMs = undefined;
    },
    keepTime: (nowMs) => {
      if (lastMs !== undefined && Math.abs(nowMs - lastMs) > longestTickMs) grant(lastMs, nowMs);
      lastMs = nowMs;
    },
    isDeaf: () => deafSinceMs !== undefined,
    reportsOf: (nodes) =>
      nodes.flatMap(({ name, uid, version, status }) => {
        const heard = hearings.get(uid);
        return status === undefined || heard === undefined
          ? []
          : [{ node: name, uid, version, heardMs: heard.heardMs, status }];
      }),
  };
}
