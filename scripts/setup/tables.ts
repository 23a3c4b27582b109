/** The tables at the end of scripts/test, of the lines that its stages and tests have left (pure). */

/** Of lines of JSON a row each: figure, limit, held or not, name. Of one name the last counts: it was measured again. */
export const figureTable = (lines: readonly string[]): readonly string[] => {
  const figures = new Map(
    lines.map((line) => JSON.parse(line) as Figure).map((figure) => [figure.name, figure]),
  );
  const rows = [...figures.values()].map(({ value, limit, held, name }) => [
    value,
    limit,
    held ? "held" : "NOT HELD",
    name,
  ]);
  return inColumns([["figure", "limit", "", "of what"], ...rows]);
};

/** As test/lab/measure/figures.ts writes it. */
type Figure = {
  readonly name: string;
  readonly value: string;
  readonly limit: string;
  readonly held: boolean;
};

/** Of lines of a stage and its seconds a row each, with the sum; `counts` of some stages and of `total`. */
export const minutesTable = (
  lines: readonly string[],
  counts: Readonly<Record<string, string>>,
): readonly string[] => {
  const stages = lines
    .map((line) => line.split(" "))
    .map(([name = "", took]) => [name, Number(took)] as const);
  const total = stages.reduce((sum, [, seconds]) => sum + seconds, 0);
  const rows = [...stages, ["total", total] as const].map(([name, seconds]) => [
    name,
    `${(seconds / 60).toFixed(1)} min`.padStart(9),
    counts[name] ?? "",
  ]);
  return inColumns(rows);
};

const inColumns = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
};
