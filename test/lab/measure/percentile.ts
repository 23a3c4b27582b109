/** What so many percent of the values do not exceed; NaN of none, and where one of them is NaN. */
export const percentile = (values: readonly number[], percent: number): number => {
  const sorted = values.some(Number.isNaN) ? [] : values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN;
};
