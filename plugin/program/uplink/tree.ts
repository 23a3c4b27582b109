/**
 * An uplink's tree of classes: `tc -batch` text out, `tc` text in, and the least that turns one into the other. Pure.
 * What stands is changed in place: a root that went would take every class's packets with it.
 */
import { batchText, type Batch } from "../handler.ts";
import { objectDrift } from "../tc/drift.ts";
import { describeTc, keyOf, type LeafQdisc, type TcObject } from "../tc/objects.ts";
import { parseTc, type ObservedDevice } from "../tc/parse.ts";
import { addTc } from "../tc/render.ts";
import { addFilter, describeFilter, parseFilters, removeFilter, type ObservedFilter } from "./dscp-filter.ts";
import type { DscpFilter, Tree, TreeClass } from "./objects.ts";

export type ObservedTree = {
  readonly device: ObservedDevice;
  /** Of each class, by its id. */
  readonly priorities: ReadonlyMap<string, number>;
  readonly filters: readonly ObservedFilter[];
};

export function parseTree(dev: string, output: string): ObservedTree {
  const classes = [...output.matchAll(/^class htb (\S+) .*?\bprio (\d+)/gm)];
  return {
    device: parseTc(dev, output),
    priorities: new Map(classes.map(([, classid = "", priority]) => [classid, Number(priority)])),
    filters: parseFilters(output),
  };
}

/** Whose the root qdisc is; undefined where there is only the kernel's own default. */
export function rootOwner(
  tree: Pick<Tree, "root">,
  seen: ObservedTree,
): "ours" | { readonly text: string } | undefined {
  if (driftOf(tree.root, seen).length === 0) return "ours";
  return seen.device.occupants.find(({ at }) => at === "root");
}

/** A sentence for whatever is missing, not as wanted, or there although nothing asks for it. */
export function treeDrift(tree: Tree, seen: ObservedTree): readonly string[] {
  return [...treeFaults(tree, seen), ...surplus(tree, seen)];
}

/** Without what is there for nothing: that harms nobody, and the kernel keeps a class that a filter of somebody's leads to. */
export function treeFaults(tree: Tree, seen: ObservedTree): readonly string[] {
  return [
    ...driftOf(tree.root, seen),
    ...tree.classes.flatMap((each) => classDrift(each, seen)),
    ...tree.leaves.flatMap((each) => driftOf(each, seen)),
    ...tree.filters
      .filter((each) => !isInPlace(each, seen))
      .map((each) => `${describeFilter(tree.root, each)} is missing`),
  ];
}

function surplus(tree: Tree, seen: ObservedTree): readonly string[] {
  return [
    ...surplusClasses(tree, seen).map(
      (classid) => `htb class ${classid} on ${tree.root.dev} is there, though nothing asks for it`,
    ),
    ...surplusPrefs(tree, seen).map(
      (pref) => `filter pref ${pref} on ${tree.root.dev} is there, though nothing asks for it`,
    ),
  ];
}

/** The whole of it, where there is nothing. Stops at the first line if somebody else was faster. */
export function createTree(tree: Tree): Batch {
  const { root, classes, leaves, filters } = tree;
  const lines = [...objectLines([root]), ...classes.map(classLine), ...objectLines(leaves)];
  return batch([], [...lines, ...filters.map((filter) => addFilter(tree.root, filter))]);
}

/** What differs, each on its own: a line that another ADD was faster with may fail. undefined: nothing does. */
export function changeTree(tree: Tree, seen: ObservedTree): Batch | undefined {
  const misplaced = tree.filters.filter((filter) => !isInPlace(filter, seen));
  const lines = [
    ...tree.classes
      .filter((each) => classDrift(each, seen).length > 0)
      .map((each) => replacing(classLine(each))),
    ...tree.leaves.filter((each) => driftOf(each, seen).length > 0).flatMap((each) => leafLines(each, seen)),
    ...misplaced.flatMap((filter) => [
      ...(seen.filters.some(({ pref }) => pref === filter.pref)
        ? [removeFilter(tree.root, filter.pref)]
        : []),
      addFilter(tree.root, filter),
    ]),
  ];
  return lines.length === 0 ? undefined : batch(["-force"], lines);
}

/** Classes and filters of a former conf: last, when nothing is sent to them any more. */
export function trimTree(tree: Tree, seen: ObservedTree): Batch | undefined {
  const lines = [
    ...surplusPrefs(tree, seen).map((pref) => removeFilter(tree.root, pref)),
    ...surplusClasses(tree, seen).map((classid) => `class del dev ${tree.root.dev} classid ${classid}`),
  ];
  return lines.length === 0 ? undefined : batch(["-force"], lines);
}

/** Only with our handle: a root that somebody put in its place stays. */
export function removeTree(dev: string): Batch {
  return batch([], [`qdisc del dev ${dev} root handle 1:`]);
}

/** Of a class with classes under it the kernel keeps no priority: it serves nobody itself. */
function classDrift(wanted: TreeClass, seen: ObservedTree): readonly string[] {
  if (wanted.parent === "1:") return driftOf(wanted, seen);
  const found = driftOf(wanted, seen);
  const priority = seen.priorities.get(wanted.classid);
  if (found.length > 0 || priority === wanted.priority) return found;
  return [`${describeTc(wanted)}: prio is ${priority ?? "not set"}, wanted ${wanted.priority}`];
}

function driftOf(object: TcObject, { device }: ObservedTree): readonly string[] {
  return objectDrift(object, [], [device]);
}

function surplusClasses(tree: Tree, { device }: ObservedTree): readonly string[] {
  const wanted = new Set(tree.classes.map(({ classid }) => classid));
  return device.objects
    .flatMap((object) => (object.kind === "htb-class" ? [object.classid] : []))
    .filter((classid) => !wanted.has(classid));
}

function surplusPrefs(tree: Tree, { filters }: ObservedTree): readonly number[] {
  const wanted = new Set(tree.filters.map(({ pref }) => pref));
  return [...new Set(filters.map(({ pref }) => pref))].filter((pref) => !wanted.has(pref));
}

function isInPlace(wanted: DscpFilter, { filters }: ObservedTree): boolean {
  const here = filters.filter(({ pref }) => pref === wanted.pref);
  return here.length === 1 && JSON.stringify(here[0]?.filter) === JSON.stringify(wanted);
}

function objectLines(objects: Parameters<typeof addTc>[0]): readonly string[] {
  return addTc(objects).input.trimEnd().split("\n");
}

function classLine(entry: TreeClass): string {
  return `${objectLines([entry]).join("")} prio ${entry.priority}`;
}

/** Creates, or changes in place without a packet lost. */
function replacing(line: string): string {
  return line.replace(/^(class|qdisc) add /, "$1 replace ");
}

/** A queue of another kind under the same handle cannot be changed into ours, only taken away. */
function leafLines(leaf: LeafQdisc, { device }: ObservedTree): readonly string[] {
  const add = replacing(objectLines([leaf]).join(""));
  const twin = device.objects.find((object) => keyOf(object) === keyOf(leaf));
  const isOther = twin?.kind === "leaf" && twin.queue.kind !== leaf.queue.kind;
  return isOther ? [`qdisc del dev ${leaf.dev} parent ${leaf.parent} handle ${leaf.handle}`, add] : [add];
}

function batch(options: readonly string[], lines: readonly string[]): Batch {
  return { argv: ["tc", ...options, "-batch", "-"], input: batchText(lines) };
}
