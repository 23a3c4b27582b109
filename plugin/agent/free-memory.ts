/**
 * Gives back what the first lists and decisions took. V8 by itself collects it in the midst of quiet, minutes later; until then the
 * agent of a full node holds 20 MB that it does not need.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The first decisions are spread over 5 s, and a slow node takes some more. */
const afterStartMs = 30_000;

export function freeMemoryAfterStart(signal: AbortSignal): void {
  const timer = setTimeout(collect, afterStartMs);
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
}

/** Node has this function only where a flag asks for it, and a context that is made after that has it. */
function collect(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("globalThis.gc?.()");
}
