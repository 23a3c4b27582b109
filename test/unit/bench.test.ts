/** The figures of `npm run bench`: statistics, ratios, budgets and the comparison of two runs. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { livesOf } from "../../scripts/bench/profile-processes.ts";
import { readReport, reportOf, type About, type Measured } from "../../scripts/bench/report.ts";
import { scenarios } from "../../scripts/bench/scenarios.ts";
import { quantile, ratio, spread } from "../../scripts/bench/stats.ts";
import { compareTable, startUpTable, trafficTable } from "../../scripts/bench/tables.ts";

describe("spread", () => {
  test.each([
    { samples: [5], min: 5, p25: 5, median: 5, p75: 5 },
    { samples: [3, 1, 2], min: 1, p25: 1.5, median: 2, p75: 2.5 },
    { samples: [4, 1, 3, 2], min: 1, p25: 1.75, median: 2.5, p75: 3.25 },
    { samples: [1, 1, 1, 100], min: 1, p25: 1, median: 1, p75: 25.75 },
  ])("of $samples", ({ samples, ...figures }) => {
    expect(spread(samples)).toEqual(figures);
  });

  test("of nothing is no number, so that nothing is better or worse than it", () => {
    expect(spread([]).median).toBeNaN();
  });

  test("does not depend on the order and lies within the samples", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000_000), { minLength: 1 }), (samples) => {
        const figures = spread(samples);
        expect(spread(samples.toReversed())).toEqual(figures);
        const { min, p25, median, p75 } = figures;
        const ordered = [Math.min(...samples), min, p25, median, p75, Math.max(...samples)];
        expect(ordered).toEqual(ordered.toSorted((one, other) => one - other));
      }),
    );
  });

  test("a ratio keeps the spread of what is above the line", () => {
    expect(ratio([20, 30, 40], [5, 10, 1000])).toEqual({ min: 2, p25: 2.5, median: 3, p75: 3.5 });
    expect(quantile([1, 2], 0.5)).toBe(1.5);
  });
});

describe("a report", () => {
  test("has ratios within the run, and says of a budget whether it was met", () => {
    const [, call] = report(30).results;
    expect(call?.ratios).toEqual([
      { metric: "wall", to: "bare Node", min: 1.5, p25: 1.5, median: 1.5, p75: 1.5, limit: 1.5, met: true },
    ]);
    expect(report(31).results[1]?.ratios[0]?.met).toBe(false);
  });

  test("has no ratio to what was not measured", () => {
    const alone: readonly Measured[] = [row("pod-qos", "ADD", [3], [{ subject: "bandwidth", title: "ADD" }])];
    expect(reportOf(about, alone).results[0]?.ratios).toEqual([]);
  });

  test("comes back from its JSON as it was", () => {
    expect(readReport(JSON.stringify(report(30)))).toEqual(report(30));
    expect(() => readReport('{"version":2}')).toThrow("version");
  });

  test("shows a missed budget, and what the kernel has to do with it", () => {
    expect(startUpTable(report(30))).toContain("met");
    expect(startUpTable(report(31))).toMatch(/MISSED[\s\S]*act_police/);
    expect(trafficTable(report(30))).toBe("");
  });

  test("compares only what two runs share, and names a change larger than their spread", () => {
    const lines = compareTable(report(30), report(60)).split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/ADD +pod-qos +wall \/ bare Node +1\.50 +3\.00 +\+100 % +more$/);
    expect(compareTable(report(30), report(30))).not.toMatch(/more|less/);
  });
});

test("every row of the start-up table is divided by rows that exist", () => {
  const known = new Set(scenarios().map(({ subject, title }) => `${subject} ${title}`));
  const divisors = scenarios().flatMap(({ against }) => against);
  expect(divisors.filter(({ subject, title }) => !known.has(`${subject} ${title}`))).toEqual([]);
});

test("a trace becomes a life per process, and nsenter the tool it turns into", () => {
  const trace = `
7 100.000 execve("/opt/cni/bin/pod-qos", ["/opt/cni/bin/pod-qos"], 0x7ffd /* 3 vars */) = 0
8 100.020 execve("/usr/bin/nsenter", ["/usr/bin/nsenter", "--net=/run/netns/a", "--", "/usr/sbin/ip", "link"], 0x1) = 0
8 100.021 execve("/usr/sbin/ip", ["/usr/sbin/ip", "link"], 0x1 /* 2 vars */) = 0
8 100.023 +++ exited with 0 +++
7 100.030 exit_group(0)   = ?`;
  const lives = livesOf(trace).map(({ what, from, to }) => [what, Math.round(from), Math.round(to)]);
  expect(lives).toEqual([
    ["pod-qos", 0, 30],
    ["nsenter ip link", 20, 23],
  ]);
});

const about: About = {
  at: "2026-01-01T00:00:00.000Z",
  kernel: "6.18",
  police: false,
  cpus: 2,
  plugin: "0.1.0",
  node: "24.21.0",
  runs: 1,
  load: 0,
};

const row = (
  subject: string,
  title: string,
  samples: readonly number[],
  against: Measured["against"],
): Measured => ({
  group: "start-up",
  subject,
  title,
  metrics: [{ name: "wall", unit: "ms", samples }],
  against,
});

/** Bare Node at 20 ms, and an ADD whose budget is 1.5 times that. */
const report = (milliseconds: number) =>
  reportOf(about, [
    row("bare Node", "an empty script", [20], []),
    row(
      "pod-qos",
      "ADD",
      [milliseconds],
      [{ subject: "bare Node", title: "an empty script", budget: { metric: "wall", limit: 1.5 } }],
    ),
  ]);
