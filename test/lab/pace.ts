/** The VM emulates its processor and is some 30 times slower: there, fewer rounds of the same. */
export const inVm = process.env["POD_QOS_VM"] === "1";

export const rounds = (here: number, inTheVm: number): number => (inVm ? inTheVm : here);

/** Every row; in the VM every n-th, for tables whose outcome does not depend on the kernel. */
export const paced = <Row>(rows: readonly Row[], every: number): readonly Row[] =>
  inVm ? rows.filter((_, at) => at % every === 0) : rows;
