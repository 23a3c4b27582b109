/** What came of deciding an attachment, as far as others need to know. Pure. */
import { addressesLacking } from "../../attachment/decide.ts";
import type { Reapplied } from "../../attachment/reapply.ts";
import { CniError, messageOf } from "../../errors.ts";

/** "left out": it has ended, or the API does not show it as a pod that runs. `reason` of a good one: what of its requests does not count. */
export type Outcome =
  | { readonly kind: "good"; readonly reason?: string }
  | { readonly kind: "waiting" | "failed"; readonly reason: string }
  | { readonly kind: "left out" };

export function outcomeOf(came: Reapplied): Outcome {
  switch (came.kind) {
    case "same":
    case "changed":
      if (came.rejected !== undefined) return { kind: "good", reason: came.rejected };
      return came.addressless === undefined
        ? { kind: "good" }
        : waitingFor(addressesLacking(came.addressless));
    case "waiting":
      return waitingFor(came.lacks);
    case "incomplete":
      return {
        kind: "waiting",
        reason:
          "its record does not say what was requested, so it keeps what it has until the pod starts again",
      };
    case "busy":
      return { kind: "waiting", reason: inFull(came.error) };
    case "hidden":
      return {
        kind: "failed",
        reason: "the agent cannot see from where it runs whether the network namespace still exists",
      };
    case "refused":
    case "failed":
      return { kind: "failed", reason: inFull(came.error) };
    case "alive":
    case "ended":
    case "gone":
      return { kind: "left out" };
  }
}

function waitingFor(lacks: readonly string[]): Outcome {
  return { kind: "waiting", reason: `it waits for what the API has not reported yet: ${lacks.join(", ")}` };
}

export function inFull(error: unknown): string {
  const details = error instanceof CniError && error.details !== "" ? ` (${error.details})` : "";
  return messageOf(error) + details;
}
