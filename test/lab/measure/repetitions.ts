/**
 * What is repeated many times: as often as asked in `./scripts/test long`, a tenth of it in the usual run. A file that imports
 * this is in both.
 */
export const long = process.env["POD_QOS_LONG"] === "1" || process.env["POD_QOS_FULL"] === "1";

/** What the repetitions leave to chance comes from `seed.ts`, whose number is printed. `part`: another than a tenth. */
export const repetitions = (all: number, part = 10): number => (long ? all : Math.ceil(all / part));
