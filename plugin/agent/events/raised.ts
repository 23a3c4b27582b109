/** What has been reported of what is so, by topic, so that it is reported once for as long as it is so. Pure. */
import type { Cause } from "./event.ts";

export type Raised = ReadonlyMap<string, ReadonlySet<string>>;

export const nothingRaised: Raised = new Map();

/** `causes`: all that is so of this topic now. `fresh`: what was not so before. */
export function raise(
  raised: Raised,
  topic: string,
  causes: readonly Cause[],
): { readonly raised: Raised; readonly fresh: readonly Cause[] } {
  const before = raised.get(topic);
  const fresh = causes.filter((cause) => before?.has(keyOf(cause)) !== true);
  if (fresh.length === 0 && (before?.size ?? 0) === causes.length) return { raised, fresh };
  const next = new Map(raised);
  if (causes.length === 0) next.delete(topic);
  else next.set(topic, new Set(causes.map(keyOf)));
  return { raised: next, fresh };
}

/** Topics of what is gone are forgotten. */
export function withoutGone(raised: Raised, isThere: (topic: string) => boolean): Raised {
  const gone = [...raised.keys()].filter((topic) => !isThere(topic));
  return gone.length === 0 ? raised : new Map([...raised].filter(([topic]) => !gone.includes(topic)));
}

function keyOf({ reason, note }: Cause): string {
  return `${reason} ${note}`;
}
