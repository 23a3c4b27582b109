/** Work on many things: one thing after the other on each, and no more than so many at once. */

export type Turns = {
  /** Asks for a turn on this thing; one that still waits counts for all that ask. */
  readonly ask: (key: string) => void;
  /** The same, after a while. */
  readonly askLater: (key: string, afterMs: number) => void;
  /** No more turns; resolves when those under way are over. */
  readonly stop: () => Promise<void>;
};

export const takeTurns = (atOnce: number, turn: (key: string) => Promise<void>): Turns => {
  const waiting = new Set<string>();
  const busy = new Map<string, Promise<void>>();
  const timers = new Set<NodeJS.Timeout>();
  let open = true;
  const next = (): void => {
    if (!open || busy.size >= atOnce) return;
    const key = [...waiting].find((one) => !busy.has(one));
    if (key === undefined) return;
    waiting.delete(key);
    const done = turn(key).finally(() => {
      busy.delete(key);
      next();
    });
    busy.set(key, done);
    next();
  };
  const ask = (key: string): void => {
    waiting.add(key);
    next();
  };
  return {
    ask,
    askLater: (key, afterMs) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        ask(key);
      }, afterMs);
      timers.add(timer);
    },
    stop: async () => {
      open = false;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all(busy.values());
    },
  };
};
