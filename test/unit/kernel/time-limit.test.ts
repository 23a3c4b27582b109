/** How long the tools of some work may run in all. */
import { expect, it } from "vitest";
import { run } from "../../../plugin/kernel/exec.ts";
import { timeLeft, within } from "../../../plugin/kernel/time-limit.ts";

const nap = (): ReturnType<typeof run> => run(["sleep", "30"], "");

it("ends what runs when the time is over, starts nothing more, and does not concern what is done beside it", async () => {
  const beside = run(["sleep", "0.5"], "");
  const began = performance.now();
  const { first, second, left } = await within(200, async () => ({
    first: await nap(),
    second: await nap(),
    left: timeLeft(),
  }));
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(first).toMatchObject({
    exitCode: -1,
    stderr: expect.stringContaining("ended by SIGKILL") as string,
  });
  expect(second).toEqual({
    exitCode: -1,
    stdout: "",
    stderr: "sleep: not started: the time for this work is over",
  });
  expect(left).toBe(0);
  expect((await beside).exitCode).toBe(0);
  expect(timeLeft()).toBe(Infinity);
});

it("holds in each copy of the code, for a part of the executable that is loaded on its own has one", async () => {
  const copy = "../../../plugin/kernel/time-limit.ts?copy";
  const { timeLeft: timeLeftThere } = (await import(copy)) as { readonly timeLeft: typeof timeLeft };
  expect(timeLeftThere).not.toBe(timeLeft);
  await within(60_000, async () => {
    await Promise.resolve();
    expect(timeLeftThere()).toBeGreaterThan(0);
    expect(timeLeftThere()).toBeLessThanOrEqual(60_000);
  });
  expect(timeLeftThere()).toBe(Infinity);
});

it("is a tool's own where it is given one", async () => {
  const limited = await run(["sleep", "30"], "", { startsOthers: true, limitMs: 100 });
  expect(limited).toMatchObject({
    exitCode: -1,
    stderr: expect.stringContaining("time limit 100 ms") as string,
  });
});
