/** DSCP values and their names: RFC 2474 (CS), 2597 (AF), 3246 (EF), 5865 (VA), 8622 (LE). Pure. */
import { invalidValue } from "../../errors.ts";

export type Dscp = number;

const codepoints: ReadonlyMap<string, Dscp> = new Map([
  ["DF", 0],
  ["LE", 1],
  ["VA", 44],
  ["EF", 46],
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((precedence) => [`CS${precedence}`, precedence * 8] as const),
  ...[1, 2, 3, 4].flatMap((group) =>
    [1, 2, 3].map((drop) => [`AF${group}${drop}`, group * 8 + drop * 2] as const),
  ),
]);

const dscpAllowed = "0 to 63, or a name: DF, EF, VA, LE, CS0 to CS7, AF11 to AF43";

export function readDscp(value: unknown): { readonly read: Dscp } | { readonly allowed: string } {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string") return { allowed: dscpAllowed };
  const named = codepoints.get(text);
  if (named !== undefined) return { read: named };
  return /^\d{1,2}$/.test(text) && Number(text) <= 63 ? { read: Number(text) } : { allowed: dscpAllowed };
}

export function parseDscp(field: string, value: unknown): Dscp {
  const answer = readDscp(value);
  if ("read" in answer) return answer.read;
  throw invalidValue(field, value, answer.allowed);
}
