import { setTimeout as sleep } from "node:timers/promises";

/** What `look` gives once it gives something; throws `what` and the last word of `why` when it takes too long. */
export const eventually = async <Value>(
  what: string,
  look: () => Value | undefined | Promise<Value | undefined>,
  { withinMs = 60_000, everyMs = 20, why = (): string => "" } = {},
): Promise<Value> => {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`not after ${withinMs / 1000} s: ${what}\n${why()}`.trim());
    await sleep(everyMs);
  }
};
