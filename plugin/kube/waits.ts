/** How long to wait. Pure: chance comes in as a value. */
import type { Failure, Given } from "./answer.ts";
import type { Progress } from "./progress.ts";

/** The server's Retry-After and some time on top, so that its clients do not all come back at once. */
export function wait(progress: Progress, { retryAfter = 0 }: Failure, given: Given): number {
  return Math.min(retryAfter, given.timing.retryAfterMost) + backOff(progress, given);
}

export function backOff({ failures }: Progress, { chance, timing: { backOff: times } }: Given): number {
  return chance * Math.min(times.most, times.first * 2 ** Math.min(failures, MANY));
}

export function poll({ polls }: Progress, { chance, timing: { poll: times } }: Given): number {
  return (0.9 + 0.2 * chance) * Math.min(times.most, times.first * 2 ** Math.min(polls, MANY));
}

/** Doubling more often makes no difference any more. */
const MANY = 20;
