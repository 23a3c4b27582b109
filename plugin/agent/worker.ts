/** Does what the queue says, when it says so: the one timer of the loop. */
import { messageOf } from "../errors.ts";
import { ask, emptyQueue, end, lengthOf, nextMs, ready, start, type Outcome } from "./queue.ts";

export type Worker = {
  readonly ask: (key: string, why: string, delayMs?: number) => void;
  /** Tasks that wait or run. */
  readonly length: () => number;
  /** Starts nothing more, and resolves once all running tasks have ended. */
  readonly stop: () => Promise<void>;
};

/** `work` gives the outcome. What it throws is a failure too, and goes to `unforeseen`. */
export function startWorker(
  work: (key: string, why: readonly string[]) => Promise<{ readonly outcome: Outcome; readonly why: string }>,
  unforeseen: (key: string, error: unknown) => void,
): Worker {
  let queue = emptyQueue;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const running = new Set<Promise<void>>();

  const turn = (): void => {
    clearTimeout(timer);
    if (isStopped) return;
    for (const key of ready(queue, now())) begin(key);
    const next = nextMs(queue);
    // With two running, the end of one is the next turn.
    if (next !== undefined && running.size < 2) timer = setTimeout(turn, Math.max(0, next - now()));
  };
  const begin = (key: string): void => {
    const why = queue.get(key)?.why ?? [];
    queue = start(queue, key, now());
    const one = finish(key, why);
    running.add(one);
    void one.finally(() => {
      running.delete(one);
      turn();
    });
  };
  const finish = async (key: string, why: readonly string[]): Promise<void> => {
    const came = await work(key, why).catch((error: unknown) => {
      unforeseen(key, error);
      return { outcome: "failed", why: messageOf(error) } as const;
    });
    queue = end(queue, key, came.outcome, came.why, now());
  };
  return {
    ask: (key, why, delayMs) => {
      queue = ask(queue, key, why, now(), delayMs);
      turn();
    },
    length: () => lengthOf(queue),
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await Promise.all(running);
    },
  };
}

/** Monotonic: nobody can set it. */
function now(): number {
  return performance.now();
}
