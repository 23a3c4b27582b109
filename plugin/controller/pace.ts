/** When a status is written. Pure. */
import type { differenceOf } from "./object-status.ts";

export type Pace = {
  /** When the object's status was last written, by whomever; undefined: not since we look. */
  readonly writtenMs: number | undefined;
  readonly nowMs: number;
  readonly nodes: number;
  /** How often we have written this already, and somebody something else over it. */
  readonly overwritten: number;
};

/** After so many milliseconds; undefined: not at all. */
export function waitOf(
  difference: ReturnType<typeof differenceOf>,
  { writtenMs, nowMs, nodes, overwritten }: Pace,
): number | undefined {
  if (difference === "none") return undefined;
  if (writtenMs === undefined) return 0;
  const least = difference === "verdict" ? verdictMs : wordingMs(nodes);
  // Another controller that knows more, or a tool that knows nothing: it is not written over each second.
  const again = overwritten === 0 ? 0 : backOffMs(overwritten - 1);
  return Math.max(0, writtenMs + Math.max(least, again) - nowMs);
}

const verdictMs = 1_000;

/** Each write goes to every agent's watch. How many pods there are by now, and which nodes are late, can wait where they are many. */
function wordingMs(nodes: number): number {
  return Math.min(60_000, Math.max(2_000, nodes * 60));
}

/** After a write that failed, or was overwritten, when so many had been before. */
export function backOffMs(failures: number): number {
  return Math.min(30_000, 1_000 * 2 ** failures);
}
