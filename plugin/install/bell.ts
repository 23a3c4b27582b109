/** Rung at any time, heard once: also where it was rung while nobody listened. */
export type Bell = {
  readonly ring: () => void;
  /** Until it is rung, or so many milliseconds, or until the signal. */
  readonly heard: (milliseconds: number, signal: AbortSignal) => Promise<void>;
};

export function createBell(): Bell {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      isRung = true;
      wake?.();
    },
    heard: async (milliseconds, signal) => {
      if (!isRung && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const go = (): void => {
            clearTimeout(timer);
            signal.removeEventListener("abort", go);
            resolve();
          };
          const timer = setTimeout(go, milliseconds);
          signal.addEventListener("abort", go);
          wake = go;
        });
        wake = undefined;
      }
      isRung = false;
    },
  };
}
