/**
 * A tree of classes that several make at once, and that traffic passes through meanwhile: what differs, and the least that mends
 * it in place. A root that went would take every class's packets with it. Pure.
 */
import { batchText, type Batch } from "../handler.ts";
import { filterOfOthers, innerFilterOfOthers, objectDrift, pastRoot } from "./drift.ts";
import { filterRemoval, sorterPref } from "./dscp-filter.ts";
import {
  describeTc,
  keyOf,
  type DscpFilter,
  type HtbQdisc,
  type LeafQdisc,
  type TcObject,
} from "./objects.ts";
import { isTable, type ObservedDevice } from "./parse.ts";
import { objectLine } from "./render.ts";

/** Whose the root qdisc is; undefined where there is only the kernel's own default. */
export function rootOwner(
  root: HtbQdisc,
  seen: ObservedDevice,
): "ours" | { readonly text: string } | undefined {
  if (isAsWanted(root, seen)) return "ours";
  return seen.occupants.find(({ at }) => at === "root");
}

/** A sentence for whatever is missing, not as wanted, or there although nothing asks for it. */
export function treeDrift(tree: readonly TcObject[], seen: ObservedDevice): readonly string[] {
  return [...treeFaults(tree, seen), ...surplus(tree, seen)];
}

/** Without what is there for nothing: that harms nobody, and the kernel keeps a class that a filter of somebody's leads to. */
export function treeFaults(tree: readonly TcObject[], seen: ObservedDevice): readonly string[] {
  return tree.flatMap((object) => faultsOf(object, seen));
}

function surplus(tree: readonly TcObject[], seen: ObservedDevice): readonly string[] {
  return [
    ...surplusClasses(tree, seen).map(
      (classid) => `htb class ${classid} on ${seen.dev} is there, though nothing asks for it`,
    ),
    ...surplusPrefs(tree, seen).map(
      (pref) => `filter pref ${pref} on ${seen.dev} is there, though nothing asks for it`,
    ),
  ];
}

/** Filters of somebody's that sort packets into the classes, or take them before. For CHECK alone: they stop nobody's ADD. */
export function foreignSorters(root: HtbQdisc, seen: ObservedDevice): readonly string[] {
  const others = seen.rootFilters.filter((line) => !isTable.test(line) && sorterPref(line) === undefined);
  return [
    ...others.map((text) => filterOfOthers(root, text)),
    ...innerFilterOfOthers(root, seen),
    ...pastRoot(root, seen),
  ];
}

/** What differs, each on its own: a line that another was faster with may fail. undefined: nothing does. */
export function changeTree(tree: readonly TcObject[], seen: ObservedDevice): Batch | undefined {
  return forced(
    tree.filter((object) => !isAsWanted(object, seen)).flatMap((object) => changeLines(object, seen)),
  );
}

/** Classes and filters that were wanted formerly: last, when nothing is sent to them any more. */
export function trimTree(tree: readonly TcObject[], seen: ObservedDevice): Batch | undefined {
  const root = tree.find((object) => object.kind === "htb");
  if (root === undefined) return undefined;
  return forced([
    ...surplusPrefs(tree, seen).map((pref) => filterRemoval(root.dev, root.handle, pref)),
    ...surplusClasses(tree, seen).map((classid) => `class del dev ${root.dev} classid ${classid}`),
  ]);
}

function isAsWanted(object: TcObject, seen: ObservedDevice): boolean {
  return faultsOf(object, seen).length === 0;
}

function faultsOf(object: TcObject, seen: ObservedDevice): readonly string[] {
  // Of two at one preference the one that is not wanted may be asked first.
  const isDoubled = object.kind === "dscp" && sortersAt(object, seen).length > 1;
  return isDoubled ? [`${describeTc(object)} is missing`] : objectDrift(object, [], [seen]);
}

function changeLines(object: TcObject, seen: ObservedDevice): readonly string[] {
  switch (object.kind) {
    case "htb-class":
      return [objectLine(object, "replace")];
    case "leaf":
      return leafLines(object, seen);
    case "dscp":
      return filterLines(object, seen);
    case "htb":
    case "mark":
    case "clsact":
    case "police":
    case "redirect":
      return [];
  }
}

/** A queue of another kind under the same handle, or with settings of somebody's, cannot be changed into ours, only taken away. */
function leafLines(leaf: LeafQdisc, { objects }: ObservedDevice): readonly string[] {
  const make = objectLine(leaf, "replace");
  const counterpart = objects.find((object) => keyOf(object) === keyOf(leaf));
  const isOther =
    counterpart?.kind === "leaf" &&
    (counterpart.queue.kind !== leaf.queue.kind || counterpart.deviations !== undefined);
  return isOther ? [`qdisc del dev ${leaf.dev} parent ${leaf.parent} handle ${leaf.handle}`, make] : [make];
}

function filterLines(filter: DscpFilter, seen: ObservedDevice): readonly string[] {
  const make = objectLine(filter, "add");
  return sortersAt(filter, seen).length > 0
    ? [filterRemoval(filter.dev, filter.parent, filter.pref), make]
    : [make];
}

function sortersAt({ pref }: DscpFilter, { rootFilters }: ObservedDevice): readonly string[] {
  return rootFilters.filter((line) => sorterPref(line) === pref);
}

function surplusClasses(tree: readonly TcObject[], { objects }: ObservedDevice): readonly string[] {
  const wanted = new Set(tree.map(keyOf));
  return objects.flatMap((object) =>
    object.kind === "htb-class" && !wanted.has(keyOf(object)) ? [object.classid] : [],
  );
}

function surplusPrefs(tree: readonly TcObject[], { rootFilters }: ObservedDevice): readonly number[] {
  const wanted = new Set(tree.flatMap((object) => (object.kind === "dscp" ? [object.pref] : [])));
  const there = new Set(rootFilters.flatMap((line) => sorterPref(line) ?? []));
  return [...there].filter((pref) => !wanted.has(pref));
}

function forced(lines: readonly string[]): Batch | undefined {
  return lines.length === 0 ? undefined : { argv: ["tc", "-force", "-batch", "-"], input: batchText(lines) };
}
