/** 002-24: which agents count as live, whatever the clocks say and whatever keeps us from seeing what they write. */
import { describe, expect, it } from "vitest";
import { createRenewalMemory, type RenewalMemory } from "../../../plugin/controller/renewal-memory.ts";
import type { QosNodeReport } from "../../../plugin/controller/report-memo.ts";
import type { Liveness } from "../../../plugin/controller/renewals.ts";
import { emptyReport } from "../support/empty-report.ts";

const SILENT = 180_000;
const minute = 60_000;
/** The day's time at which the tests begin; the controller's own clock is at 0 then. */
const DAY = Date.parse("2026-11-28T12:00:00Z");

/** By the node's clock. */
const written = (renewedMs: number, name = "a"): QosNodeReport => ({
  name,
  uid: `uid of ${name}`,
  version: "1",
  status: { ...emptyReport, renewed: new Date(renewedMs).toISOString() },
});

const failed = { kind: "failed", during: "watch", message: "", wait: 0 } as const;
const watching = { kind: "watching", version: "1" } as const;

/** Begun at 0 with what is there then, and watching a moment later. */
const begun = (...nodes: readonly QosNodeReport[]): RenewalMemory => {
  const memory = createRenewalMemory(SILENT);
  memory.see(nodes, 0);
  memory.note(watching, 100, 0);
  return memory;
};

/** Time passes as in a process that runs. */
const livenessAt = (memory: RenewalMemory, node: QosNodeReport, ms: number): Liveness | undefined =>
  memory.reportsOf([node], ms)[0]?.liveness;

const allAt = (memory: RenewalMemory, node: QosNodeReport, ...times: readonly number[]) =>
  times.map((ms) => livenessAt(memory, node, ms));

/** Called as the loop does, each 5 s. */
const run = (memory: RenewalMemory, fromMs: number, toMs: number): void => {
  for (let ms = fromMs; ms <= toMs; ms += 5_000) memory.keepTime(ms);
};

describe("an agent", () => {
  it("is live while it writes each minute, and silent three minutes after its last report", () => {
    const memory = begun(written(DAY));
    run(memory, 0, minute);
    const node = written(DAY + minute);
    memory.see([node], minute);
    expect(allAt(memory, node, minute, 3.7 * minute, 4 * minute, 4 * minute + 1)).toEqual([
      "live",
      "live",
      "unsure",
      "silent",
    ]);
  });

  it.each([-10, 0, 10])("whose clock is %i minutes off counts by ours alone", (off) => {
    const [before, after] = [written(DAY + off * minute), written(DAY + off * minute + minute)];
    const memory = begun(before);
    run(memory, 0, minute);
    memory.see([after], minute);
    expect(allAt(memory, after, minute, 3.7 * minute, 4 * minute + 1)).toEqual(["live", "live", "silent"]);
  });

  it("whose clock is put back is live when it writes", () => {
    const memory = begun(written(DAY));
    run(memory, 0, minute);
    const node = written(DAY - 60 * minute);
    memory.see([node], minute);
    expect(livenessAt(memory, node, 3 * minute)).toBe("live");
  });

  it.each([-10, 0, 10])(
    "whose report is there when we begin, by a clock that is %i minutes off, has three minutes to write",
    (off) => {
      const node = written(DAY + off * minute);
      const memory = begun(node);
      expect(allAt(memory, node, 0, 3 * minute, 3 * minute + 1)).toEqual(["unsure", "unsure", "silent"]);
    },
  );

  it("that appears later has written just now", () => {
    const memory = begun();
    run(memory, 0, minute);
    const node = written(DAY);
    memory.see([node], minute);
    expect(allAt(memory, node, minute, 3.7 * minute, 4 * minute + 1)).toEqual(["live", "live", "silent"]);
  });

  it("is said to be seen when it writes, but for what was there when we began", () => {
    const memory = begun(written(DAY));
    expect(memory.reportsOf([written(DAY)], 0)[0]?.seenMs).toBe(Number.NEGATIVE_INFINITY);
    const node = written(DAY + 5_000);
    memory.see([node], 5_000);
    expect(memory.reportsOf([node], 9_000)[0]?.seenMs).toBe(5_000);
  });
});

describe("after a time in which no report could reach us", () => {
  const node = written(DAY + 1);
  /** It wrote at 0. */
  const heard = (): RenewalMemory => {
    const memory = begun(written(DAY));
    memory.see([node], 200);
    return memory;
  };

  it("none turns silent before it has had a minute and a half to write again", () => {
    const memory = heard();
    run(memory, 0, minute);
    memory.note(failed, minute, 0);
    expect(memory.isCutOff()).toBe(true);
    run(memory, minute, 60 * minute);
    memory.note(watching, 60 * minute, 0);
    expect(memory.isCutOff()).toBe(false);
    expect(allAt(memory, node, 60 * minute, 61.5 * minute, 61.5 * minute + 1)).toEqual([
      "unsure",
      "unsure",
      "silent",
    ]);
  });

  it("what was written meanwhile was written at some time of it", () => {
    const memory = heard();
    run(memory, 0, minute);
    memory.note(failed, minute, 0);
    run(memory, minute, 3 * minute);
    memory.note(watching, 3 * minute, 0);
    const next = written(DAY + 2 * minute);
    memory.see([next], 3 * minute + 100);
    expect(allAt(memory, next, 3.7 * minute, 4 * minute, 6 * minute, 6 * minute + 101)).toEqual([
      "live",
      "unsure",
      "unsure",
      "silent",
    ]);
  });

  it("one that was silent before stays so", () => {
    const memory = heard();
    run(memory, 0, 4 * minute);
    memory.note(failed, 4 * minute, 0);
    memory.note(watching, 4 * minute + 1_000, 0);
    expect(livenessAt(memory, node, 4 * minute + 1_000)).toBe("silent");
  });

  it("a watch that brought nothing for so long was dead since then", () => {
    const memory = heard();
    run(memory, 0, 4 * minute);
    memory.note({ kind: "silent" }, 4 * minute, 100_000);
    memory.note(watching, 5 * minute, 100_000);
    expect(livenessAt(memory, node, 5 * minute)).toBe("unsure");
  });

  it("so it is where this process stood still", () => {
    const memory = heard();
    memory.keepTime(1_000);
    memory.keepTime(20 * minute);
    expect(livenessAt(memory, node, 20 * minute)).toBe("unsure");
    run(memory, 20 * minute, 22 * minute);
    expect(livenessAt(memory, node, 22 * minute)).toBe("silent");
  });
});

it("the next time at which one turns unsure, then silent, is known", () => {
  const memory = begun(written(DAY));
  run(memory, 0, 20_000);
  const node = written(DAY + 1);
  memory.see([node], 20_000);
  expect([20_000, 190_000, 200_001].map((ms) => memory.untilNextMs(ms))).toEqual([
    3 * minute - 15_000 + 1,
    10_001,
    Number.POSITIVE_INFINITY,
  ]);
});
