/** Columns of text. Pure. */

export type Column<Row> = {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Words stand at the left, figures at the right. */
  readonly align?: "left" | "right";
};

export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ cell }) => cell(row))),
  ];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  const lines = cells.map((line) =>
    line.map((text, at) => padded(text, widths[at] ?? 0, columns[at]?.align)),
  );
  const rule = widths.map((width) => "-".repeat(width));
  return [lines[0] ?? [], rule, ...lines.slice(1)].map((line) => line.join("  ").trimEnd()).join("\n");
}

/** Empty where there is nothing to show: a zero would be a claim. */
export function fixed(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? "" : value.toFixed(digits);
}

function padded(text: string, width: number, align: "left" | "right" = "right"): string {
  return align === "left" ? text.padEnd(width) : text.padStart(width);
}
