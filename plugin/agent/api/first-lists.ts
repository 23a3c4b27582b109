/** A list of pods is some megabytes before it is trimmed: of many selections only a few are listed for the first time at once. */

export type FirstLists = {
  /** Calls when it is its turn; `done` ends the turn, the first time that it is called. The signal ends it as well. */
  readonly take: (signal: AbortSignal, begin: (done: () => void) => void) => void;
};

export function createFirstLists(atOnce = 2): FirstLists {
  const waiting: (() => void)[] = [];
  let running = 0;
  const next = (): void => {
    const begin = running < atOnce ? waiting.shift() : undefined;
    if (begin === undefined) return;
    begin();
    next();
  };
  return {
    take: (signal, begin) => {
      waiting.push(() => {
        if (signal.aborted) return;
        running += 1;
        let isDone = false;
        const done = (): void => {
          if (isDone) return;
          isDone = true;
          running -= 1;
          next();
        };
        signal.addEventListener("abort", done, { once: true });
        begin(done);
      });
      next();
    },
  };
}
