/** What came of deciding an attachment, as far as others need to know. Pure. */
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
      return came.rejected === undefined ? { kind: "good" } : { kind: "good", reason: came.rejected };
    case "waiting":
      return {
        kind: "waiting",
        reason: `it waits for what the API has not said yet: ${came.lacks.join(", ")}`,
      };
    case "incomplete":
      return {
        kind: "waiting",
        reason: "its record does not say what was requested: it keeps what it has until its next start",
      };
    case "busy":
      return { kind: "waiting", reason: inFull(came.error) };
    case "hidden":
      return {
        kind: "failed",
        reason: "whether its network namespace still exists cannot be seen from where the agent runs",
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

export function inFull(error: unknown): string {
  const details = error instanceof CniError && error.details !== "" ? ` (${error.details})` : "";
  return messageOf(error) + details;
}
