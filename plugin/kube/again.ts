/** What is asked of the server until it is answered. */
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { afterFailure, type Outcome, present } from "./absence.ts";
import type { Connection } from "./connect.ts";
import { ServerError } from "./errors.ts";
import { pause } from "./pause.ts";
import { countedOf } from "./waits.ts";

/** undefined where the signal ended it. */
export async function orAgain<Value>(
  { signal, log }: { readonly signal: AbortSignal; readonly log: Log },
  what: string,
  attempt: () => Promise<Value>,
  /** Its next good answer after an absence ends the wait for the next attempt, but none before the server's Retry-After. */
  connection?: Pick<Connection, "answers" | "whenAnswered" | "timing">,
): Promise<Value | undefined> {
  let last = "";
  let absence = present;
  let failures = { refused: 0, unanswered: 0 };
  while (!signal.aborted) {
    try {
      return await attempt();
    } catch (error) {
      if (messageOf(error) !== last && !signal.aborted) log("warn", `${what}: ${messageOf(error)}`);
      last = messageOf(error);
      const failure: Outcome = error instanceof ServerError ? error : {};
      const met = afterFailure(absence, connection?.answers() ?? 0, failure);
      ({ absence } = met);
      if (met.isBack) failures = { refused: 0, unanswered: 0 };
      const kind = failure.status === undefined ? "unanswered" : "refused";
      const waitMs = Math.min(longestMs, firstMs * 2 ** countedOf(failures[kind], failure));
      failures = { ...failures, [kind]: failures[kind] + 1 };
      const leastMs = Math.min(failure.retryAfter ?? 0, connection?.timing.retryAfterMost ?? 0);
      const when = absence.isAway ? connection?.whenAnswered : undefined;
      await pause(Math.max(waitMs, leastMs), signal, when, leastMs);
    }
  }
  return undefined;
}

const firstMs = 500;
const longestMs = 5_000;
