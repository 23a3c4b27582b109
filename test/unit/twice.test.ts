/** Of a measurement that missed: whether it is tried again, and what is said of the machine. */
import { describe, expect, test } from "vitest";
import { twice } from "../lab/measure/twice.ts";

/** One attempt after the other misses with these words; one without is a pass. */
const attempts = (
  ...each: readonly (string | undefined)[]
): { run: () => Promise<void>; made: () => number } => {
  let made = 0;
  const attempt = async (): Promise<readonly string[]> => {
    const complaint = each[made];
    made += 1;
    return complaint === undefined ? [] : [complaint];
  };
  return { run: () => twice("a speed", attempt, 0), made: () => made };
};

describe("a measurement", { timeout: 60_000 }, () => {
  test("that holds is made once", async () => {
    const { run, made } = attempts(undefined);
    await run();
    expect(made()).toBe(1);
  });

  test("that missed by accident is made again", async () => {
    const { run, made } = attempts("too slow", undefined);
    await run();
    expect(made()).toBe(2);
  });

  test("that misses each time fails, and says how busy the machine was", async () => {
    const { run, made } = attempts("too slow", "too slow", "too slow", "too slow");
    await expect(run()).rejects.toThrow(/^a speed, attempt [23]: too slow; bare Node took [\d.]+ times/);
    expect(made()).toBeLessThanOrEqual(3);
  });
});
