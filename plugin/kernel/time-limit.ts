/**
 * A limit on all the tools that some work starts, however deep in it. It goes with the work and not with the process: the agent
 * does two things at a time, and only what holds a lock has a limit.
 */
import type { AsyncLocalStorage } from "node:async_hooks";

/** A tool that runs when the time is over is ended, and none is started any more. */
export function within<Value>(ms: number, work: () => Promise<Value>): Promise<Value> {
  // ADD has no limit and does not load it.
  const hooks = process.getBuiltinModule("node:async_hooks");
  const ends = (shared[KEY] ??= new hooks.AsyncLocalStorage<number>());
  return ends.run(performance.now() + ms, work);
}

/** Milliseconds; Infinity where there is no limit. */
export function timeLeft(): number {
  const end = shared[KEY]?.getStore();
  return end === undefined ? Infinity : Math.max(0, end - performance.now());
}

/** In the executable each part that is loaded on its own has a copy of this file: all of them go by one limit. */
const KEY = Symbol.for("pod-qos.time-limit");
const shared = globalThis as { [KEY]?: AsyncLocalStorage<number> };
