/** Who undoes what install writes is not fought: the intervals grow, and peace ends that. */
import { describe, expect, it } from "vitest";
import type { Change } from "../../../plugin/install/chain/model.ts";
import {
  isFought,
  mayWriteAtMs,
  noted,
  nothingWritten,
  type Written,
} from "../../../plugin/install/chain/undone.ts";

const writing = (text: string | undefined): readonly Change[] => [{ file: "09", former: undefined, text }];

/** Each as soon as it may be: when they are made, in seconds. */
const times = (count: number, textOf: (at: number) => string): readonly number[] => {
  let [written, nowMs]: [Written, number] = [nothingWritten, 0];
  return Array.from({ length: count }, (_, at) => {
    const changes = writing(textOf(at));
    nowMs = Math.max(nowMs + 20, mayWriteAtMs(written, changes));
    written = noted(written, changes, nowMs);
    return Math.round(nowMs / 1000);
  });
};

describe("written again", () => {
  it("the same text: at once three times, then at intervals that double up to a minute", () => {
    expect(times(12, () => "same")).toEqual([0, 0, 0, 0, 1, 3, 7, 15, 31, 63, 123, 183]);
  });

  it("another text each time: at once, up to thirty in a minute", () => {
    const made = times(33, String);
    expect(made.slice(0, 30).filter((second) => second > 1)).toEqual([]);
    expect(made.slice(30)).toEqual([3, 5, 7]);
  });

  it("what was removed by ourselves meanwhile is not undone", () => {
    const removed = noted(noted(nothingWritten, writing("same"), 0), writing(undefined), 10);
    const again = noted(removed, writing("same"), 20);
    expect(again.undone).toBe(0);
  });

  it("after five minutes of peace all is as at first", () => {
    const fought = [0, 1, 2, 3, 4].reduce<Written>(
      (before, at) => noted(before, writing("same"), at),
      nothingWritten,
    );
    expect([isFought(fought, 5), isFought(fought, 300_005)]).toEqual([true, false]);
    expect(noted(fought, writing("same"), 300_005).undone).toBe(1);
  });
});
