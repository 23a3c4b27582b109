/** The report of a node, written when it is due, whatever fails. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { startPublisher, type Report } from "../../../../plugin/agent/status/publish.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] }));
afterEach(() => void vi.useRealTimers());

const said: Report = {
  agent: { version: "1", started: "2026-01-01T00:00:00.000000Z" },
  observed: {},
  objects: [],
  pods: 1,
  limited: 0,
  pending: 0,
  failed: 0,
  uplink: "",
};

const begin = (report: () => Report | undefined) => {
  const counted: string[] = [];
  const lines: string[] = [];
  const ending = new AbortController();
  const publisher = startPublisher({
    report: () => {
      const now = report();
      return now && { report: now, marks: 0 };
    },
    isSettled: () => true,
    write: () => Promise.resolve("written"),
    count: (result) => void counted.push(result),
    log: (level, text) => void lines.push(`${level} ${text}`),
    signal: ending.signal,
  });
  return { ...publisher, counted, lines, end: () => ending.abort() };
};

it("is tried again where it cannot be made, and renewed from then on", async () => {
  let fails = true;
  const { change, counted, lines, end } = begin(() => {
    if (fails) throw new Error("EIO: uplinks");
    return said;
  });
  change();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(new Set(counted)).toEqual(new Set(["failed"]));
  expect(counted.length).toBeLessThan(6);
  expect(lines).toEqual(["warn cannot write the node's report (QoSNode), trying again: EIO: uplinks"]);
  fails = false;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(counted.filter((result) => result === "written")).toHaveLength(1);
  expect(lines.at(-1)).toBe("info the node's report (QoSNode) is being written again");
  await vi.advanceTimersByTimeAsync(71_000);
  expect(counted.filter((result) => result === "written")).toHaveLength(2);
  end();
});

it("is renewed also where one renewal cannot be made", async () => {
  let fails = false;
  const { change, counted, end } = begin(() => {
    if (fails) throw new Error("EIO: uplinks");
    return said;
  });
  change();
  await vi.advanceTimersByTimeAsync(1_000);
  fails = true;
  await vi.advanceTimersByTimeAsync(70_000);
  expect(counted.slice(0, 2)).toEqual(["written", "failed"]);
  fails = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(counted.at(-1)).toBe("written");
  end();
});

it("waits for a change while nothing is to be written", async () => {
  let report: Report | undefined;
  const { change, counted, end } = begin(() => report);
  change();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(counted).toEqual([]);
  report = said;
  change();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(counted).toEqual(["written"]);
  end();
});
