/** Words and amounts as tc prints them. Pure. */

/** The word behind a keyword: `burst 25000b/1` gives "25000b/1" for "burst". */
export function word(line: string, keyword: string): string {
  return new RegExp(`(?:^|\\s)${keyword} (\\S+)`).exec(line)?.[1] ?? "";
}

const bitUnits: Readonly<Record<string, number>> = {
  bit: 1,
  Kbit: 1e3,
  Mbit: 1e6,
  Gbit: 1e9,
  Tbit: 1e12,
};

export function bytesPerSecond(text: string): number {
  const [, amount = "", unit = ""] = /^([\d.]+)(\w+)$/.exec(text) ?? [];
  return (Number(amount) * (bitUnits[unit] ?? NaN)) / 8;
}

/** tc prints sizes with six digits and times with three, so that what has more comes as 1.04862e+06Kb or 1e+03ms. */
const byteUnits: Readonly<Record<string, number>> = { "": 1, b: 1, Kb: 1024, Mb: 1024 ** 2, Gb: 1024 ** 3 };

export function bytes(text: string): number {
  const [, amount = "", unit = ""] = /^([\d.]+(?:e\+\d+)?)([A-Za-z]*)/.exec(text) ?? [];
  return Number(amount) * (byteUnits[unit] ?? NaN);
}

const timeUnits: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6 };

export function micros(text: string): number {
  const [, amount = "", unit = ""] = /^([\d.]+(?:e\+\d+)?)(\w+)$/.exec(text) ?? [];
  return Number(amount) * (timeUnits[unit] ?? NaN);
}
