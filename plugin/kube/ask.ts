/** The requests that a resource is followed by. Pure. */
import type { Progress } from "./progress.ts";
import type { Wait } from "./waits.ts";

export type Ask = Wait & {
  readonly kind: "list" | "watch";
  /** "": what is true now; else not older than this. */
  readonly at: string;
};

export function list({ version, isExact }: Progress, after: number | Wait): Ask {
  // What a server has in memory may be old, which shows only against a known version. Without one: what is true now.
  return { kind: "list", at: isExact ? "" : version, ...waitOf(after) };
}

export function watch({ version }: Progress, after: number | Wait): Ask {
  return { kind: "watch", at: version, ...waitOf(after) };
}

/** What no good answer ends. */
function waitOf(after: number | Wait): Wait {
  return typeof after === "number" ? { after, wokenAfter: undefined } : after;
}
