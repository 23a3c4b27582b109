import { test } from "vitest";

/** The VM emulates its processor: a spawn takes 50 times as long, traffic hardly longer. */
const inTheVm = process.env["POD_QOS_VM"] === "1";
const thin = inTheVm && process.env["POD_QOS_FULL"] !== "1";

/** How long to wait for what takes a moment. */
export const patience = inTheVm ? 12 : 1;

/** A test that shows the same on any kernel: the VM leaves it to the small one. */
export const onAnyKernel = (title: string, body: () => Promise<void>): void => {
  if (thin) leave(title);
  else test(title, body);
};

/** How often to do the same: fewer times in the VM. */
export const rounds = (what: string, here: number, there: number): number => {
  if (!thin) return here;
  leave(`${here - there} of ${here} ${what}`);
  return there;
};

/** Every row; in the VM every n-th, with 0 none, and those that are there for its kernel's sake. */
export const paced = <Row>(
  what: string,
  rows: readonly Row[],
  every: number,
  forItsKernel: (row: Row) => boolean = () => false,
): readonly Row[] => {
  if (!thin) return rows;
  const kept = rows.filter((row, at) => (every > 0 && at % every === 0) || forItsKernel(row));
  const left = rows.filter((row) => !kept.includes(row));
  if (left.length > 0) leave(`${what}: ${left.map(nameOf).join("; ")}`);
  return kept;
};

/** Stands in the report as not run: what a quick run leaves out is for everybody to see. */
const leave = (what: string): void => test.skip(`not run: ${what}, needs POD_QOS_FULL=1`);

/** The words of a row of `test.each`, or what its object is called. */
const nameOf = (row: unknown): string => {
  if (typeof row !== "object" || row === null) return String(row);
  const words = Object.values(row).filter((value) => typeof value === "string");
  return Array.isArray(row) ? words.join(", ") : (words[0] ?? JSON.stringify(row));
};
