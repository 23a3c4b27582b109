/**
 * When the report is written: a change as soon as the decisions that it asks for are made, after a second in any case; at most once
 * a second; a renewal each minute; after a failure later and later. Pure: the time comes in as a value.
 */
import { renewalMs } from "../../report/qos-node.ts";

export type Due = {
  /** Since when something may differ from what was written. */
  readonly changedMs: number | undefined;
  /** undefined before the first one. */
  readonly renewMs: number | undefined;
  /** Not before. */
  readonly earliestMs: number;
  readonly failures: number;
};

export const neverWritten: Due = { changedMs: undefined, renewMs: undefined, earliestMs: 0, failures: 0 };

const apartMs = 1_000;
const settleMs = 1_000;
/** What the former agent wrote is true until this one has decided all pods again, which it spreads over 5 s. */
const firstSettleMs = 9_000;
const [firstRetryMs, longestRetryMs] = [1_000, 60_000];
/** Where the definition is missing. */
const [missingLeastMs, missingMostMs] = [240_000, 360_000];

/** `isSettled`: no decision is outstanding. */
export function writeMs({ changedMs, renewMs, earliestMs }: Due, isSettled: boolean): number {
  const waitMs = isSettled ? 0 : renewMs === undefined ? firstSettleMs : settleMs;
  const ofChange = changedMs === undefined ? Infinity : changedMs + waitMs;
  return Math.max(earliestMs, Math.min(ofChange, renewMs ?? Infinity));
}

export function changed(due: Due, nowMs: number): Due {
  return due.changedMs === undefined ? { ...due, changedMs: nowMs } : due;
}

/** Nothing of it differs from what was written. */
export function unchanged(due: Due): Due {
  return { ...due, changedMs: undefined };
}

/** `chance`: from 0 to 1. What came meanwhile is a change. */
export function written(due: Due, nowMs: number, chance: number): Due {
  const { least, most } = renewalMs;
  return {
    ...due,
    renewMs: nowMs + least + chance * (most - least),
    earliestMs: nowMs + apartMs,
    failures: 0,
  };
}

export function failed(due: Due, nowMs: number, chance: number, retryAfterMs = 0): Due {
  const waitMs = Math.min(longestRetryMs, firstRetryMs * 2 ** due.failures) * (0.5 + chance / 2);
  return {
    ...due,
    changedMs: due.changedMs ?? nowMs,
    earliestMs: nowMs + Math.max(waitMs, apartMs, Math.min(retryAfterMs, longestRetryMs)),
    failures: due.failures + 1,
  };
}

export function missing(due: Due, nowMs: number, chance: number): Due {
  const earliestMs = nowMs + missingLeastMs + chance * (missingMostMs - missingLeastMs);
  return { ...due, changedMs: due.changedMs ?? nowMs, earliestMs, failures: 0 };
}
