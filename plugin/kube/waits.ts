/** How long to wait. Pure: chance comes in as a value. */
import type { Outcome } from "./absence.ts";
import type { Failure, Given } from "./answer.ts";
import type { Progress } from "./progress.ts";

export type Wait = {
  /** Milliseconds. */
  readonly after: number;
  /** From then on a good answer to anybody ends it; undefined: nothing does. */
  readonly wokenAfter: number | undefined;
};

/**
 * The server's Retry-After and some time on top, so that its clients do not all come back at once. Requests without an answer
 * do not make the waits longer that follow a refusal: a server that has just started refuses for some seconds.
 */
export function wait(progress: Progress, failure: Failure, given: Given): Wait {
  const { timing } = given;
  const failures = failure.status === undefined ? progress.unanswered : progress.failures;
  const least = Math.min(failure.retryAfter ?? 0, timing.retryAfterMost);
  const soonest = failure.retryAfter === undefined ? 0 : least + given.chance * timing.backOff.first;
  return {
    after: least + backOff({ failures: countedOf(failures, failure) }, given),
    wokenAfter: progress.absence.isAway ? soonest : undefined,
  };
}

/** The failures that make a wait longer. Ten times we come when the server said, as client-go does, before it counts. */
export function countedOf(failures: number, { retryAfter }: Outcome): number {
  return retryAfter === undefined ? failures : Math.max(0, failures - 10);
}

export function backOff(
  { failures }: Pick<Progress, "failures">,
  { chance, timing: { backOff: times } }: Given,
): number {
  return chance * Math.min(times.most, times.first * 2 ** Math.min(failures, MANY));
}

/** While a resource is missing or refused. */
export function poll(
  { polls, absence }: Pick<Progress, "polls" | "absence">,
  { chance, timing: { poll: times } }: Given,
): Wait {
  const after = (0.9 + 0.2 * chance) * Math.min(times.most, times.first * 2 ** Math.min(polls, MANY));
  return { after, wokenAfter: absence.isAway ? 0 : undefined };
}

/** Doubling more often makes no difference any more. */
const MANY = 20;
