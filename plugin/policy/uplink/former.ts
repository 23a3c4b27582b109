/** Classes that an uplink had and that its conf has no more, for as long as pods are in them: a pod that has not moved yet keeps its share. Pure. */
import type { UplinkClass } from "./class.ts";
import type { Uplink } from "./uplink.ts";

/** What is no more, of what was and what was no more then. A class of the same set is the same one under another name. */
export function formerClasses(
  before: { readonly uplink: Uplink; readonly former?: readonly UplinkClass[] } | undefined,
  now: Uplink,
): readonly UplinkClass[] {
  const all = [...(before?.uplink.classes ?? []), ...(before?.former ?? [])];
  return all.filter(
    ({ name, set }, at) =>
      set !== undefined &&
      all.findIndex((other) => other.name === name) === at &&
      !now.classes.some((each) => each.name === name || each.set === set),
  );
}

/** Behind all others, with numbers that none of them has; what a class says of marks is its own, or nobody's. */
export function withFormer(uplink: Uplink, former: readonly UplinkClass[]): Uplink {
  const { classes } = uplink;
  const isTaken = (key: "mark" | "dscp", each: UplinkClass): boolean =>
    classes.some((other) => JSON.stringify(other[key]) === JSON.stringify(each[key]));
  const kept = former.map((each, at): UplinkClass => ({
    ...each,
    minor: String((classes.length + at + 1) * 10),
    ceil: Math.min(each.ceil, uplink.rate),
    rate: Math.min(each.rate, uplink.rate),
    mark: isTaken("mark", each) ? undefined : each.mark,
    dscp: isTaken("dscp", each) ? undefined : each.dscp,
  }));
  return { ...uplink, classes: [...classes, ...kept] };
}
