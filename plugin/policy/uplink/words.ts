/** Rates as a conf has them. Pure. */

/** The shortest exact form: "450M", "1G", "12345". */
export function quantityText(rate: number): string {
  const units = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const;
  const unit = units.find(([size]) => rate >= size && rate % (size / 1000) === 0 && rate / size >= 1);
  return unit === undefined ? String(rate) : `${rate / unit[0]}${unit[1]}`;
}
