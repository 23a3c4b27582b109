/** The round: every attachment read back once in ten minutes, one after the other, spread over all of it. */
import { tasksOfRound, nameOfTask, type Task, type World } from "./world.ts";

export function startRound(
  world: () => World,
  ask: (tasks: readonly Task[], why: string) => void,
  roundMs: number,
  signal: AbortSignal,
): void {
  let last: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const step = (): void => {
    const tasks = tasksOfRound(world());
    const next = after(tasks, last);
    if (next !== undefined) {
      last = nameOfTask(next);
      ask([next], "its turn");
    }
    timer = setTimeout(step, roundMs / Math.max(1, tasks.length));
  };
  timer = setTimeout(step, roundMs / Math.max(1, tasksOfRound(world()).length));
  signal.addEventListener("abort", () => clearTimeout(timer));
}

/** What comes behind the last one; one that is gone by now begins anew. */
export function after(tasks: readonly Task[], last: string | undefined): Task | undefined {
  const at = tasks.findIndex((task) => nameOfTask(task) === last);
  return tasks[(at + 1) % tasks.length];
}
