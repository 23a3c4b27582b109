/** A report as people read it. Pure. */
import type { Ratio, Report, Result } from "./report.ts";
import { fixed, table, type Column } from "./table.ts";

export function startUpTable({ results, about }: Report): string {
  const rows = results.filter(({ group }) => group === "start-up");
  if (rows.length === 0) return "";
  const text = table(rows, [
    ...names,
    ...spreadOf("ms", "wall", 1),
    { title: "CPU ms", cell: (row) => fixed(metric(row, "cpu")?.median, 1) },
    ...ratioSpread("x bare", "wall", "bare Node"),
    { title: "CPU x bare", cell: (row) => fixed(ratioOf(row, "cpu", "bare Node")?.median, 2) },
    { title: "x bandwidth", cell: (row) => fixed(ratioOf(row, "wall", "bandwidth")?.median, 1) },
    { title: "budget", cell: (row) => fixed(judged(row)?.limit, 2) },
    { title: "", cell: (row) => verdict(judged(row)), align: "left" },
  ]);
  const missed = rows.some((row) => judged(row)?.met === false);
  return missed && !about.police ? `${text}\n${IFB_NOTE}` : text;
}

const IFB_NOTE =
  "This kernel has no act_police, so a cap on what a pod sends needs an ifb, which ADD makes, CHECK looks at and DEL\n" +
  'deletes. The rows "no ifb" have a mark and the other cap only: what they cost is ours alone.';

export function trafficTable({ results }: Report): string {
  const rows = results.filter(({ group }) => group === "traffic");
  if (rows.length === 0) return "";
  return table(rows, [
    ...names,
    ...spreadOf("goodput/cap", "goodput", 3),
    { title: "first s/cap", cell: (row) => fixed(metric(row, "first second")?.median, 2) },
    { title: "worst", cell: (row) => fixed(Math.max(...(metric(row, "first second")?.samples ?? [])), 2) },
    { title: "ping p50 ms", cell: (row) => fixed(metric(row, "ping p50")?.median, 2) },
    ...spreadOf("p99 ms", "ping p99", 2),
    { title: "p99 x tuned", cell: (row) => fixed(ratioOf(row, "ping p99", "bandwidth, tuned")?.median, 2) },
  ]);
}

/** What both runs measured, by its ratios: milliseconds of two days say nothing of each other. */
export function compareTable(old: Report, now: Report): string {
  const rows = now.results.flatMap((result) => {
    const before = old.results.find((one) => one.subject === result.subject && one.title === result.title);
    return result.ratios.flatMap((after) => {
      const earlier = before === undefined ? undefined : ratioOf(before, after.metric, after.to);
      return earlier === undefined ? [] : [{ ...result, before: earlier, after }];
    });
  });
  return table(rows, [
    ...names,
    { title: "ratio", cell: ({ after }) => `${after.metric} / ${after.to}`, align: "left" },
    { title: "old", cell: ({ before }) => fixed(before.median, 2) },
    { title: "new", cell: ({ after }) => fixed(after.median, 2) },
    { title: "change", cell: ({ before, after }) => percent(after.median / before.median - 1) },
    { title: "", cell: ({ before, after }) => apart(before, after), align: "left" },
  ]);
}

/** Only a change that is larger than the middle half of both runs deserves a word. */
function apart(before: Ratio, after: Ratio): string {
  if (after.p25 > before.p75) return "more";
  return after.p75 < before.p25 ? "less" : "";
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${share < 0 ? "" : "+"}${(share * 100).toFixed(0)} %` : "";
}

const names: readonly Column<Pick<Result, "title" | "subject">>[] = [
  { title: "what", cell: ({ title }) => title, align: "left" },
  { title: "by", cell: ({ subject }) => subject, align: "left" },
];

function spreadOf(title: string, name: string, digits: number): readonly Column<Result>[] {
  return [
    { title, cell: (row) => fixed(metric(row, name)?.median, digits) },
    { title: "min", cell: (row) => fixed(metric(row, name)?.min, digits) },
    { title: "p25", cell: (row) => fixed(metric(row, name)?.p25, digits) },
    { title: "p75", cell: (row) => fixed(metric(row, name)?.p75, digits) },
  ];
}

function ratioSpread(title: string, name: string, to: string): readonly Column<Result>[] {
  return [
    { title, cell: (row) => fixed(ratioOf(row, name, to)?.median, 2) },
    { title: "p25", cell: (row) => fixed(ratioOf(row, name, to)?.p25, 2) },
    { title: "p75", cell: (row) => fixed(ratioOf(row, name, to)?.p75, 2) },
  ];
}

function metric(row: Result, name: string): Result["metrics"][number] | undefined {
  return row.metrics.find((one) => one.name === name);
}

function ratioOf(row: Result, name: string, to: string): Ratio | undefined {
  return row.ratios.find((one) => one.metric === name && one.to === to);
}

function judged(row: Result): Ratio | undefined {
  return row.ratios.find(({ limit }) => limit !== undefined);
}

function verdict(ratio: Ratio | undefined): string {
  if (ratio?.met === undefined) return "";
  return ratio.met ? "met" : "MISSED";
}
