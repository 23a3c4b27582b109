/**
 * Whether the server is away, as far as a request that is made again and again can tell: it failed twice, and nobody had a good
 * answer in between. Where others have one it fails alone, and what they get says nothing about it. Pure.
 */
import type { Failure } from "./answer.ts";

export type Absence = {
  /** How many good answers there had been, to whomever, when it failed last; undefined: it has not failed. */
  readonly answers: number | undefined;
  /** The next good answer to anybody is worth another attempt. */
  readonly isAway: boolean;
};

export const present: Absence = { answers: undefined, isAway: false };

/** `isBack`: it was away, and somebody has had a good answer since. */
export function afterFailure(
  { answers: before, isAway }: Absence,
  answers: number,
  failure: Outcome,
): { readonly absence: Absence; readonly isBack: boolean } {
  const isSilent = before === undefined ? isLost(failure) : before === answers;
  return { absence: { answers, isAway: isSilent }, isBack: isAway && !isSilent };
}

/** What tells; `{}`: no answer came. */
export type Outcome = Pick<Failure, "status"> & { readonly retryAfter?: number | undefined };

/** What the end of a server looks like. */
function isLost({ status, retryAfter }: Outcome): boolean {
  return retryAfter === undefined && (status === undefined || status >= 500);
}
