/** How long to wait. Pure: chance comes in as a value. */
import type { Failure, Given } from "./answer.ts";
import type { Progress } from "./progress.ts";

/** What the server asks for, and some time on top: all who were sent away must not come back together. */
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
