/** What a test measures, for the table at the end of `./scripts/test long`. */
import { appendFileSync } from "node:fs";
import { expect } from "vitest";

export interface Limit {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A line of the file that scripts/setup/summary.ts reads; of one name the last counts, for it was measured again. */
export interface Figure {
  readonly name: string;
  /** As text, for JSON has neither NaN nor Infinity. */
  readonly value: string;
  readonly limit: string;
  readonly held: boolean;
}

/** Notes the figure, and fails the test unless it is within its limit; NaN never is. */
export const figure = (what: string, value: number, limit: Limit): void => {
  const held = noted(what, value, limit);
  expect(held, `${what} is ${value.toPrecision(4)}, not ${limitSaid(limit)}`).toBe(true);
};

/** Notes the figure and says whether it is within its limit. */
export const noted = (what: string, value: number, limit: Limit): boolean => {
  const { atLeast = -Infinity, atMost = Infinity } = limit;
  const held = value >= atLeast && value <= atMost;
  const name = `${expect.getState().currentTestName ?? "before the tests"}: ${what}`;
  const line: Figure = { name, value: value.toPrecision(4), limit: limitSaid(limit), held };
  const file = process.env["POD_QOS_FIGURES"];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(line)}\n`);
  return held;
};

export const limitSaid = ({ atLeast, atMost }: Limit): string =>
  [
    ...(atLeast === undefined || atLeast === -Infinity ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined || atMost === Infinity ? [] : [`at most ${atMost}`]),
  ].join(", ");
