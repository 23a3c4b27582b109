/** Waits so many milliseconds, or until the signal, or until `when` calls, but for that no less than `least`. */
export function pause(
  milliseconds: number,
  signal: AbortSignal,
  when?: (call: () => void) => () => void,
  least = 0,
): Promise<void> {
  if (milliseconds <= 0 || signal.aborted) return Promise.resolve();
  const from = performance.now();
  return new Promise((resolve) => {
    const go = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", go);
      forget?.();
      resolve();
    };
    const wake = (): void => {
      clearTimeout(timer);
      const rest = Math.min(least, milliseconds) - (performance.now() - from);
      if (rest <= 0) go();
      else timer = setTimeout(go, rest);
    };
    let timer = setTimeout(go, milliseconds);
    signal.addEventListener("abort", go);
    const forget = when?.(wake);
  });
}
