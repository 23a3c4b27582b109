/** The round: what it looks at in which step, and how soon it comes to the same again. */
import { expect, it } from "vitest";
import { after, stepsOf, together } from "../../../plugin/agent/round.ts";
import { nameOfTask, type Task } from "../../../plugin/agent/world.ts";

const tasksOf = (pods: number): readonly Task[] => [
  { kind: "uplink", network: "podnet" },
  ...Array.from({ length: pods }, (_, at): Task => ({ kind: "look", attachment: `podnet/c${at}@eth0` })),
  { kind: "sweep" },
];

/** The steps of so many rounds, by what each does. */
const stepped = (tasks: readonly Task[], roundMs: number, count: number): readonly (readonly Task[])[] =>
  Array.from({ length: count }).reduce<readonly (readonly Task[])[]>((steps) => {
    const last = steps.at(-1)?.at(-1);
    return [...steps, after(tasks, last && nameOfTask(last), roundMs)];
  }, []);

it.each([0, 1, 3, 4, 5, 9, 20, 110, 250].flatMap((pods) => [10_000, 600_000].map((round) => [pods, round])))(
  "beside %i pods it comes to each of them again within %i ms",
  (pods, roundMs) => {
    const tasks = tasksOf(pods);
    const steps = stepsOf(tasks.length, roundMs);
    const all = stepped(tasks, roundMs, steps * 3).map((step) => step.map(nameOfTask));
    for (const name of tasks.map(nameOfTask)) {
      const at = all.flatMap((step, index) => (step.includes(name) ? [index] : []));
      const gaps = [...at, all.length].map((step, index) => step - (at[index - 1] ?? -1));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(steps);
    }
  },
);

it.each([
  ["a full node", 110, 600_000, 5],
  ["a short round", 20, 10_000, 5],
  ["few pods", 6, 600_000, 1],
])("of %s it looks at a few at a time and at no more", (_, pods, roundMs, most) => {
  const steps = stepped(tasksOf(pods), roundMs, 60);
  expect(Math.max(...steps.map((step) => step.length))).toBe(most);
});

it("asks for the looks of a step as one, and for what is beside them as it is", () => {
  const [uplink, one, two, sweep] = tasksOf(2) as readonly [Task, Task, Task, Task];
  expect(together([sweep, uplink, one, two])).toEqual([
    sweep,
    uplink,
    { kind: "looks", attachments: ["podnet/c0@eth0", "podnet/c1@eth0"] },
  ]);
  expect(together([uplink, one])).toEqual([uplink, one]);
});
