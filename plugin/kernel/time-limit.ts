/**
 * A limit on all the tools that some work starts, however deep in it. It goes with the work and not with the process: the agent
 * does two things at a time, and only what holds a lock has a limit.
 */
import type { AsyncLocalStorage } from "node:async_hooks";

/** A tool that runs when the time is over is ended, and none is started any more. */
export function within<Value>(ms: number, work: () => Promise<Value>): Promise<Value> {
  // ADD has no limit and does not load it.
  const hooks = process.getBuiltinModule("node:async_hooks");
  ends ??= new hooks.AsyncLocalStorage<number>();
  return ends.run(performance.now() + ms, work);
}

/** Milliseconds; Infinity where there is no limit. */
export function timeLeft(): number {
  const end = ends?.getStore();
  return end === undefined ? Infinity : Math.max(0, end - performance.now());
}

let ends: AsyncLocalStorage<number> | undefined;
