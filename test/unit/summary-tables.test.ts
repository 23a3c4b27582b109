import { describe, expect, it } from "vitest";
import { figureTable, minutesTable } from "../../scripts/setup/tables.ts";

const line = (name: string, value: string, held: boolean): string =>
  JSON.stringify({ name, value, limit: "at most 2", held });

describe("the table of figures", () => {
  it("has of one name the last figure, and says what was not held", () => {
    const lines = [line("slow", "3.000", false), line("fast", "1.000", true), line("slow", "2.500", false)];
    expect(figureTable(lines)).toEqual([
      "figure  limit                of what",
      "2.500   at most 2  NOT HELD  slow",
      "1.000   at most 2  held      fast",
    ]);
  });
});

describe("the table of minutes", () => {
  it("has every stage, what tests it ran, and the sum", () => {
    expect(minutesTable(["set-up 30", "unit 90"], { unit: "7 passed", total: "7 passed" })).toEqual([
      "set-up    0.5 min",
      "unit      1.5 min  7 passed",
      "total     2.0 min  7 passed",
    ]);
  });
});
