/**
 * What can pass beside a filter of ours: filters of others at the same hook that are asked earlier and end the walk for what they
 * take. Pure.
 */
import type { TcObject } from "../objects.ts";
import type { ObservedDevice } from "../parse.ts";
import type { ForeignFilter } from "../parse-filter.ts";
import { coversAll } from "./cover.ts";
import { families, type Taker } from "./taker.ts";

export type Bypass = {
  /** All packets of IPv4 or of IPv6 for sure; some, as far as can be told; or what one port or network has. */
  readonly extent: "all" | "some" | "little";
  readonly filters: readonly ForeignFilter[];
};

export function bypassOf(object: TcObject, { takers = [] }: ObservedDevice): Bypass | undefined {
  if (!("hook" in object)) return undefined;
  const before = takers.filter(({ filter }) => filter.hook === object.hook && filter.pref < object.pref);
  if (before.length === 0) return undefined;
  const whole = families.map((family) => wholly(before, family)).find((found) => found.length > 0);
  if (whole !== undefined) return { extent: "all", filters: whole };
  const broad = before.filter((taker) => !isNarrow(taker)).map(({ filter }) => filter);
  if (broad.length > 0) return { extent: "some", filters: broad };
  return { extent: "little", filters: before.map(({ filter }) => filter) };
}

/** A guard stands behind a shaper in the pod, which still holds; every other filter of ours alone holds its cap. */
export function isAlone(object: TcObject): boolean {
  return object.kind !== "police" || object.isGuard !== true;
}

/** As a network of a /8 is picked out, or less: that has a purpose of its own. TCP alone may be nearly all that a pod sends. */
function isNarrow({ bits }: Taker): boolean {
  return [...bits.keys()].filter((place) => !protocolBits.test(place)).length >= 8;
}

/** flower's, and u32's in the header of IPv4 and of IPv6. */
const protocolBits = /^(?:ip_proto |at 8 bit (?:1[6-9]|2[0-3])$|at 4 bit (?:[89]|1[0-5])$)/;

/** The filters, if any, that together take every packet of a family. */
function wholly(takers: readonly Taker[], family: 4 | 6): readonly ForeignFilter[] {
  const sure = takers.filter((taker) => taker.isExact && taker.families.includes(family));
  const single = sure.find(({ bits }) => bits.size === 0);
  if (single !== undefined) return [single.filter];
  return coversAll(sure.map(({ bits }) => bits)) ? sure.map(({ filter }) => filter) : [];
}

const shown = 3;

/** The filters in words, a few of them. */
export function quoted(filters: readonly ForeignFilter[]): string {
  const texts = filters.slice(0, shown).map(({ text }) => `"${text}"`);
  const more = filters.length > shown ? ` and ${filters.length - shown} more` : "";
  return texts.join(", ") + more;
}
