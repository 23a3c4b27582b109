/** Sets of addresses as sorted ranges: whole sets are compared in one pass, however many blocks and exceptions they were written as. Pure. */
import { bitsOf, type Net } from "./cidr.ts";

/** From the lowest; between two of them there is a gap. IPv4 addresses are numbers, IPv6 addresses bigints. */
export type AddressSet = readonly Range[];

/** `end` is the first address behind it. */
type Range = { readonly start: number | bigint; readonly end: number | bigint };

export function setOf(net: Net, holes: readonly Net[]): AddressSet {
  const whole = rangeOf(net);
  const left: Range[] = [];
  let { start } = whole;
  for (const hole of joined(holes.map(rangeOf))) {
    if (hole.end <= start) continue;
    if (hole.start >= whole.end) break;
    if (hole.start > start) left.push({ start, end: hole.start });
    start = hole.end;
  }
  return start < whole.end ? [...left, { start, end: whole.end }] : left;
}

export function union(sets: readonly AddressSet[]): AddressSet {
  return sets.length === 1 ? (sets[0] ?? []) : joined(sets.flat());
}

/** Whether every address of `inner` is in `outer`. */
export function isSubset(inner: AddressSet, outer: AddressSet): boolean {
  const [first, last] = [outer[0], outer[outer.length - 1]];
  const [lowest, highest] = [inner[0], inner[inner.length - 1]];
  if (lowest === undefined || highest === undefined) return true;
  // Of most pairs this is all there is to see.
  if (first === undefined || last === undefined) return false;
  if (first.start > lowest.start || last.end < highest.end) return false;
  let at = 0;
  for (const { start, end } of inner) {
    while ((outer[at]?.end ?? end) < end) at += 1;
    const around = outer[at];
    if (around === undefined || around.start > start) return false;
  }
  return true;
}

export function haveCommon(some: AddressSet, others: AddressSet): boolean {
  const [last, otherLast] = [some[some.length - 1], others[others.length - 1]];
  if (last === undefined || otherLast === undefined) return false;
  if (last.end <= (others[0] ?? otherLast).start || otherLast.end <= (some[0] ?? last).start) return false;
  let at = 0;
  for (const { start, end } of some) {
    while ((others[at]?.end ?? end) <= start) at += 1;
    const next = others[at];
    if (next === undefined) return false;
    if (next.start < end) return true;
  }
  return false;
}

function joined(ranges: readonly Range[]): AddressSet {
  const all: Range[] = [];
  for (const range of ranges.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))) {
    const last = all.at(-1);
    if (last === undefined || last.end < range.start) all.push(range);
    else if (last.end < range.end) all[all.length - 1] = { start: last.start, end: range.end };
  }
  return all;
}

function rangeOf({ family, groups, prefix }: Net): Range {
  const free = bitsOf(family) - prefix;
  if (family === 4) {
    const size = 2 ** free;
    const address = (groups[0] ?? 0) * 0x1_0000 + (groups[1] ?? 0);
    const start = address - (address % size);
    return { start, end: start + size };
  }
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groups;
  const address = (of48(0, a, b) << 96n) | (of48(c, d, e) << 48n) | of48(f, g, h);
  const start = (address >> BigInt(free)) << BigInt(free);
  return { start, end: start + (1n << BigInt(free)) };
}

/** Three groups at once: a bigint costs as much as ten numbers. */
function of48(upper: number, middle: number, lower: number): bigint {
  return BigInt((upper * 0x1_0000 + middle) * 0x1_0000 + lower);
}
