/**
 * Who follows a file must not fight for it: what is undone again and again is written at longer and longer intervals. Pure.
 *
 * Undone is what was written once and has to be written again, the same text into the same file. A primary that writes its file
 * anew with other words is followed at once, however often; one that does so all the time gets a slower pace too.
 */
import type { Change } from "./model.ts";

export type Written = {
  /** By file: what was written last; undefined where it was removed. */
  readonly texts: ReadonlyMap<string, string | undefined>;
  /** How often in a row it was undone. */
  readonly undone: number;
  /** When there was a change, of the last minute. */
  readonly atMs: readonly number[];
};

export const nothingWritten: Written = { texts: new Map(), undone: 0, atMs: [] };

const patience = 3;
const longestMs = 60_000;
/** So long without being undone, and it is peace. */
const peaceMs = 300_000;
const mostInAMinute = 30;

export function isUndone({ texts }: Written, changes: readonly Change[]): boolean {
  return changes.some(({ file, text }) => text !== undefined && texts.get(file) === text);
}

/** Whether somebody is at it still, as far as one can know. */
export function isFought({ undone, atMs }: Written, nowMs: number): boolean {
  return undone >= patience && nowMs - (atMs.at(-1) ?? 0) <= peaceMs;
}

/** When these changes may be made. */
export function mayWriteAtMs(before: Written, changes: readonly Change[]): number {
  const last = before.atMs.at(-1) ?? Number.NEGATIVE_INFINITY;
  if (isUndone(before, changes) && before.undone >= patience)
    return last + Math.min(longestMs, 1000 * 2 ** (before.undone - patience));
  return before.atMs.length < mostInAMinute ? Number.NEGATIVE_INFINITY : last + 2_000;
}

export function noted(before: Written, changes: readonly Change[], nowMs: number): Written {
  const last = before.atMs.at(-1) ?? Number.NEGATIVE_INFINITY;
  const former = nowMs - last > peaceMs ? 0 : before.undone;
  return {
    texts: new Map([...before.texts, ...changes.map(({ file, text }) => [file, text] as const)]),
    undone: isUndone(before, changes) ? former + 1 : former,
    atMs: [...before.atMs.filter((each) => nowMs - each < 60_000), nowMs],
  };
}
