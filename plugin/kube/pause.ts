/** Waits so many milliseconds, or until the signal, or until `when` calls. */
export function pause(
  milliseconds: number,
  signal: AbortSignal,
  when?: (call: () => void) => () => void,
): Promise<void> {
  if (milliseconds <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const go = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", go);
      forget?.();
      resolve();
    };
    const timer = setTimeout(go, milliseconds);
    signal.addEventListener("abort", go);
    const forget = when?.(go);
  });
}
