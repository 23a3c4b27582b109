import { describe, expect, it } from "vitest";
import {
  changed,
  failed,
  missing,
  neverWritten,
  unchanged,
  writeMs,
  written,
  type Due,
} from "../../../../plugin/agent/status/due.ts";

const [settled, unsettled] = [true, false];
/** Written at 0; the next renewal is due at 60 s. */
const atRest: Due = written(neverWritten, 0, 0.5);

describe("the report of a node is written", () => {
  it.each<readonly [string, Due, boolean, number]>([
    ["never while nothing was known", neverWritten, settled, Infinity],
    ["at once where all pods are decided", changed(neverWritten, 500), settled, 500],
    [
      "for the first time after 9 s, also where a pod is not decided",
      changed(neverWritten, 500),
      unsettled,
      9_500,
    ],
    ["each minute", atRest, settled, 60_000],
    ["when a change has been decided", changed(atRest, 5_000), settled, 5_000],
    ["a second after a change that is not decided yet", changed(atRest, 5_000), unsettled, 6_000],
    ["a second after the first of several changes", changed(changed(atRest, 5_000), 5_900), unsettled, 6_000],
    ["not twice within a second", changed(atRest, 300), settled, 1_000],
    ["each minute where nothing of a change is left", unchanged(changed(atRest, 5_000)), settled, 60_000],
  ])("%s", (_, due, isSettled, atMs) => {
    expect(writeMs(due, isSettled)).toBe(atMs);
  });

  it.each([
    [0, 50_000],
    [1, 70_000],
  ])("anew after 50 to 70 s: by a chance of %d after %d ms", (chance, renewMs) => {
    expect(writeMs(written(neverWritten, 0, chance), settled)).toBe(renewMs);
  });
});

const failing = (times: number): Due => {
  let due = changed(atRest, 5_000);
  for (let at = 0; at < times; at += 1) due = failed(unchanged(due), 5_000, 1);
  return due;
};

describe("after a failure", () => {
  it.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [7, 60_000],
    [20, 60_000],
  ])("the %d. in a row, it is tried again after %d ms", (times, waitMs) => {
    expect(writeMs(failing(times), settled)).toBe(5_000 + waitMs);
  });

  it("it waits as long as the server asks for, a minute at most", () => {
    expect(writeMs(failed(atRest, 0, 1, 20_000), settled)).toBe(20_000);
    expect(writeMs(failed(atRest, 0, 1, 3_600_000), settled)).toBe(60_000);
  });

  it("a success begins anew", () => {
    const due = written(failing(7), 100_000, 0.5);
    expect(writeMs(failed(due, 200_000, 1), settled)).toBe(201_000);
  });

  it("of a definition that is missing it is looked again after four to six minutes", () => {
    expect(writeMs(missing(changed(neverWritten, 0), 0, 0), settled)).toBe(240_000);
    expect(writeMs(missing(changed(neverWritten, 0), 0, 1), settled)).toBe(360_000);
  });
});
