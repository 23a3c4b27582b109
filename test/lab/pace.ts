import { describe } from "vitest";

/** The VM emulates its processor and is some 30 times slower. POD_QOS_FULL=1 runs everything there all the same. */
const thin = process.env["POD_QOS_VM"] === "1" && process.env["POD_QOS_FULL"] !== "1";

/** How long to wait for what takes a moment. */
export const patience = process.env["POD_QOS_VM"] === "1" ? 12 : 1;

/** Fewer rounds of the same in the VM. */
export const rounds = (here: number, inTheVm: number): number => (thin ? inTheVm : here);

/** Every row; in the VM every n-th, and those that are there for its kernel's sake. */
export const paced = <Row>(
  rows: readonly Row[],
  every: number,
  forItsKernel: (row: Row) => boolean = () => false,
): readonly Row[] => (thin ? rows.filter((row, at) => at % every === 0 || forItsKernel(row)) : rows);

/** `describe` for what no kernel decides: not run in the VM. */
export const onOneKernel = describe.skipIf(thin);
