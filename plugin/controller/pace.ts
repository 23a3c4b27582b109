/** When a status is written. Pure. */
import type { differenceOf } from "./object-status.ts";

export type Pace = {
  /** When the object's status was last written, by whomever; undefined: not since we look. */
  readonly writtenMs: number | undefined;
  readonly nowMs: number;
  readonly nodes: number;
};

/** After so many milliseconds; undefined: not at all. */
export function waitOf(
  difference: ReturnType<typeof differenceOf>,
  { writtenMs, nowMs, nodes }: Pace,
): number | undefined {
  if (difference === "none") return undefined;
  if (writtenMs === undefined) return 0;
  const least = difference === "verdict" ? verdictMs : wordingMs(nodes);
  return Math.max(0, writtenMs + least - nowMs);
}

const verdictMs = 1_000;

/** Each write goes to every agent's watch. How many pods there are by now, and which nodes are late, can wait where they are many. */
function wordingMs(nodes: number): number {
  return Math.min(60_000, Math.max(2_000, nodes * 60));
}

/** After a write that failed, when so many had failed before. */
export function backOffMs(failures: number): number {
  return Math.min(30_000, 1_000 * 2 ** failures);
}
