/** A filter of anybody's, read from its line: which packets it takes, if it lets them pass what stands behind it. Pure. */
import type { ForeignFilter } from "../parse-filter.ts";
import type { Bits } from "./cover.ts";
import { flowerBits, u32Bits } from "./keys.ts";
import { letsPass } from "./verdicts.ts";

export const families = [4, 6] as const;
type FilterFamily = (typeof families)[number];

export type Taker = {
  readonly filter: ForeignFilter;
  readonly families: readonly FilterFamily[];
  /** What a packet must have, as far as it is understood. */
  readonly bits: Bits;
  /** That nothing else is asked of a packet. */
  readonly isExact: boolean;
};

/** undefined where nothing gets past by it: a line that is only a classifier's head, "continue", "drop", or no IP. */
export function takerOf(filter: ForeignFilter): Taker | undefined {
  const { text } = filter;
  const [, protocol = "", kind = ""] = /^filter protocol (\S+) pref \d+ (\S+)/.exec(text) ?? [];
  const spoken = familiesOf(protocol, text);
  if (spoken.length === 0 || !isFilter(kind, text) || !letsPass(text)) return undefined;
  return { filter, families: spoken, ...conditionOf(kind, text) };
}

function familiesOf(protocol: string, text: string): readonly FilterFamily[] {
  const inKeys = / eth_type (\S+)/.exec(text)?.[1];
  const words = [protocol, ...(inKeys === undefined ? [] : [inKeys])];
  return families.filter((family) => words.every((word) => familiesBy[word]?.includes(family) === true));
}

const familiesBy: Readonly<Record<string, readonly FilterFamily[]>> = {
  all: families,
  ip: [4],
  ipv4: [4],
  ipv6: [6],
};

/** A classifier is listed first without a filter of it; of u32's nodes the one that ends a look-up is the filter. */
function isFilter(kind: string, text: string): boolean {
  if (kind === "u32") return / key ht .*(?:flowid|action order)/.test(text);
  return / (?:handle|fh) 0x| flowid | classid |action order/.test(text);
}

function conditionOf(kind: string, text: string): Pick<Taker, "bits" | "isExact"> {
  switch (kind) {
    case "matchall":
      return { bits: new Map(), isExact: true };
    case "basic":
      // Its conditions, "cmp(u8 at 0 ...)", follow in words of their own.
      return { bits: new Map(), isExact: !/ \w+\(/.test(text.split("action order")[0] ?? "") };
    case "u32":
      return u32Bits(text);
    case "flower":
      return flowerBits(text);
    default:
      // A program (bpf), a mark, a hash: it may take anything.
      return { bits: new Map(), isExact: false };
  }
}
