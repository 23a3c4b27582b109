import { expect } from "vitest";
import { noted } from "./figures.ts";

/** Measures, and once more if the first missed: the machine is shared. `attempt` gives its complaints; none is a pass. */
export const twice = async (what: string, attempt: () => Promise<readonly string[]>): Promise<void> => {
  const complaints = await attempt();
  if (complaints.length === 0) return;
  console.log(`measured again, for at first: ${what}: ${complaints.join("; ")}`);
  expect(await attempt(), `${what}, at the second attempt as well`).toEqual([]);
};

/** A complaint unless the value lies within the bounds; NaN never does. The figure is noted. */
export const within = (what: string, value: number, low: number, high: number): readonly string[] =>
  noted(what, value, { atLeast: low, atMost: high })
    ? []
    : [`${what} is ${value.toPrecision(4)}, not ${low} to ${high}`];
