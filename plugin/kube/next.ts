/**
 * The next request after each answer: list or watch, from which version, and when. Pure: the time and chance come in as values.
 * The rules are those of client-go's reflector (tools/cache/reflector.go), but for these:
 *
 * - An answer that is older than what is known changes nothing. A consistent one counts after ten minutes all the same:
 *   then somebody has put the cluster's store back from a backup.
 * - An empty list where there were objects is asked for a second time before it counts.
 * - A resource that is missing has lost its objects after ten minutes.
 * - A watch that broke goes on where it broke. The reflector lists anew.
 * - When the server is back, all that failed meanwhile is forgotten at the first good answer to anybody, which also ends the waits
 *   (`absence.ts`). The reflector forgets after two minutes in which nothing failed, and sleeps each wait out.
 */
import { type Ask, list, watch } from "./ask.ts";
import type { Answer, Failure, Given, Watched } from "./answer.ts";
import { begin, failed, metFailure, type Progress, rested, unheard } from "./progress.ts";
import { isOlder } from "./version.ts";
import { backOff, poll, wait } from "./waits.ts";

export type Step = {
  readonly progress: Progress;
  readonly ask: Ask;
  /** What happens to the objects. */
  readonly store: "keep" | "replace" | "empty";
};

export function firstAsk(progress: Progress): Ask {
  return list(progress, 0);
}

export function next(progress: Progress, answer: Answer, given: Given): Step {
  switch (answer.kind) {
    case "listed":
      return afterList(progress, answer, given);
    case "list failed":
      return afterFailedList(metFailure(progress, answer.failure, given.answers), answer, given);
    case "watch failed": {
      const { failure, watched } = answer;
      const before = rested(progress, watched, given.timing);
      return afterFailedWatch(metFailure(before, failure, given.answers), failure, given);
    }
    case "watch ended":
      return afterWatch(rested(progress, answer.watched, given.timing), answer.watched, given);
    case "watch silent":
      return { progress, ask: watch(progress, 0), store: "keep" };
  }
}

function afterList(progress: Progress, { version, count, had }: Listed, given: Given): Step {
  const { now, timing } = given;
  if (isOlder(version, progress.version)) {
    const olderSince = progress.olderSince ?? now;
    if (!progress.isExact || now - olderSince < timing.olderCounts) {
      const message = `the list is of version ${version}, older than the ${progress.version} that is known: not taken`;
      const waiting = failed({ ...progress, isExact: true, olderSince }, message);
      return { progress: waiting, ask: list(waiting, backOff(progress, given)), store: "keep" };
    }
  }
  if (count === 0 && had > 0 && !progress.isEmpty) {
    const message = `the list is empty where there were ${had} objects: asked for again`;
    const waiting = { ...progress, isEmpty: true, isExact: true, message };
    return { progress: waiting, ask: list(waiting, timing.emptyAgain), store: "keep" };
  }
  const { failures, unanswered, absence, isExpired } = progress;
  const listed = { ...begin(version), state: "synced", failures, unanswered, absence, isExpired } as const;
  return { progress: listed, ask: watch(listed, 0), store: "replace" };
}

type Listed = Answer & { readonly kind: "listed" };

function afterFailedList(progress: Progress, { failure }: FailedList, given: Given): Step {
  if (isUnusable(failure)) {
    const exact = failed({ ...progress, isExact: true }, failure.message);
    // At once the first time. A server that refuses what is true now is not asked in a loop.
    const after = progress.isExact ? backOff(progress, given) : 0;
    return { progress: exact, ask: list(exact, after), store: "keep" };
  }
  return withoutList(progress, failure, given);
}

type FailedList = Answer & { readonly kind: "list failed" };

function afterFailedWatch(progress: Progress, failure: Failure, given: Given): Step {
  if (isUnusable(failure)) {
    const expired = failed(
      { ...progress, isExpired: true, isExact: failure.isAhead === true },
      failure.message,
    );
    // At once the first time. A server that refuses what it has just listed is not asked in a loop.
    const after = progress.isExpired ? backOff(progress, given) : 0;
    return { progress: expired, ask: list(expired, after), store: "keep" };
  }
  if (isPassing(failure)) {
    const broken = withFailure(progress, failure);
    return { progress: broken, ask: watch(broken, wait(progress, failure, given)), store: "keep" };
  }
  return withoutList(progress, failure, given);
}

function afterWatch(progress: Progress, { lasted, hasEvents }: Watched, given: Given): Step {
  if (lasted >= given.timing.shortWatch || hasEvents)
    return { progress, ask: watch(progress, 0), store: "keep" };
  const short = failed(progress, `the watch ended after ${Math.round(lasted)} ms and brought nothing`);
  return { progress: short, ask: watch(short, backOff(progress, given)), store: "keep" };
}

/** The next request is a list, and it has to wait. */
function withoutList(progress: Progress, failure: Failure, given: Given): Step {
  const { message, status } = failure;
  switch (status) {
    case 403:
    case 404: {
      const polls = progress.polls + 1;
      const missingSince = status === 404 ? (progress.missingSince ?? given.now) : undefined;
      const state = status === 404 ? "missing" : "refused";
      const polling = { ...progress, state, message, polls, missingSince } as const;
      const isOver = missingSince !== undefined && given.now - missingSince >= given.timing.missingIsEmpty;
      return {
        progress: polling,
        ask: list(polling, poll(progress, given)),
        store: isOver ? "empty" : "keep",
      };
    }
    default: {
      const failing = withFailure(progress, failure);
      return { progress: failing, ask: list(failing, wait(progress, failure, given)), store: "keep" };
    }
  }
}

function withFailure(progress: Progress, { status, message }: Failure): Progress {
  if (status === undefined) return unheard(progress, message);
  return failed(progress, message, status === 401 ? "refused" : progress.state);
}

/** 410, or "too large resource version": the version that we asked for is of no use to this server. */
function isUnusable({ status, isAhead }: Failure): boolean {
  return status === 410 || isAhead === true;
}

/** Failures that do not concern the version that the watch began at. */
function isPassing({ status }: Failure): boolean {
  return status === undefined || status === 401 || status === 429 || status >= 500;
}
