/**
 * The round: every attachment read back once in ten minutes, a few at a time, spread over all of it. A few at a time cost less than
 * one by one: one shell starts the tools for all of them, and one tc lists the links of the node.
 */
import { tasksOfRound, nameOfTask, type Task, type World } from "./world.ts";

export function startRound(
  world: () => World,
  ask: (tasks: readonly Task[], why: string) => void,
  roundMs: number,
  signal: AbortSignal,
): void {
  let last: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(step, roundMs / stepsOf(tasksOfRound(world()).length, roundMs));
  };
  const step = (): void => {
    const turn = after(tasksOfRound(world()), last, roundMs);
    last = turn.map(nameOfTask).at(-1);
    ask(together(turn), "its turn");
    wait();
  };
  wait();
  signal.addEventListener("abort", () => clearTimeout(timer));
}

/** A step has several tasks only where one task each would be a step more often than so, and never more than these. */
const [seldomMs, most] = [25_000, 5];

/** In how many steps a round does so many tasks: the same one comes again after so many steps at most. */
export function stepsOf(tasks: number, roundMs: number): number {
  const each = Math.max(1, Math.min(most, Math.ceil((tasks * seldomMs) / roundMs)));
  return Math.max(1, Math.ceil(tasks / each));
}

/** The tasks of the next step: what comes behind the last one. One that is gone by now begins anew. */
export function after(tasks: readonly Task[], last: string | undefined, roundMs: number): readonly Task[] {
  const at = tasks.findIndex((task) => nameOfTask(task) === last) + 1;
  const count = Math.ceil(tasks.length / stepsOf(tasks.length, roundMs));
  return [...tasks.slice(at), ...tasks.slice(0, at)].slice(0, count);
}

/** Looks as one task. */
export function together(tasks: readonly Task[]): readonly Task[] {
  const attachments = tasks.flatMap((task) => (task.kind === "look" ? [task.attachment] : []));
  const others = tasks.filter(({ kind }) => kind !== "look");
  return attachments.length < 2 ? tasks : [...others, { kind: "looks", attachments }];
}
