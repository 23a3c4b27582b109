/**
 * The least that turns what is there into what is wanted, and what is in the way of it. Pure.
 * ADD programs blindly, for nearly always nothing of ours is there; this is for when the kernel says there is.
 */
import { filterBefore, ingressSuffices, objectDrift, tcDrift } from "./drift.ts";
import { bypassOf, isAlone, quoted } from "./bypass/bypass.ts";
import { isInTree, keyOf, type ObservedFilter, type TcObject } from "./objects.ts";
import type { Occupant, ObservedDevice } from "./parse.ts";
import type { ForeignFilter } from "./parse-filter.ts";

export type TcDelta = {
  readonly conflicts: readonly string[];
  readonly remove: readonly TcObject[];
  /** In place: it is there with other values. */
  readonly change?: readonly TcObject[];
  readonly add: readonly TcObject[];
};

/** `made`: what is there by our own doing; of that, what is not wanted any more is not in the way. */
export function tcDelta(
  wanted: readonly TcObject[],
  observed: readonly ObservedDevice[],
  made: readonly TcObject[] = [],
): TcDelta {
  const devices = [...new Set(wanted.map(({ dev }) => dev))];
  const deltas = devices.map((dev) => {
    const here = wanted.filter((object) => object.dev === dev);
    const device = observed.find((candidate) => candidate.dev === dev) ?? {
      dev,
      exists: false,
      objects: [],
      occupants: [],
      foreignFilters: [],
      lastFilters: [],
      rootFilters: [],
    };
    return join([
      rootDelta(here.filter(isInTree), device, made),
      ...hookDeltas(
        here.filter((object) => !isInTree(object)),
        device,
      ),
    ]);
  });
  return join(deltas);
}

const nothing: TcDelta = { conflicts: [], remove: [], add: [] };

function join(deltas: readonly TcDelta[]): TcDelta {
  const changed = deltas.flatMap(({ change = [] }) => change);
  return {
    conflicts: deltas.flatMap(({ conflicts }) => conflicts),
    remove: deltas.flatMap(({ remove }) => remove),
    ...(changed.length === 0 ? {} : { change: changed }),
    add: deltas.flatMap(({ add }) => add),
  };
}

function rootDelta(tree: readonly TcObject[], device: ObservedDevice, made: readonly TcObject[]): TcDelta {
  const root = tree.find(({ kind }) => kind === "htb");
  if (root === undefined || tcDrift(tree, [device]).length === 0) return nothing;
  const ours = device.objects.some((object) => keyOf(object) === keyOf(root));
  const occupant = device.occupants.find(({ at }) => at === "root");
  if (ours) return treeDelta(root, tree, device, made);
  if (occupant !== undefined) return { ...nothing, conflicts: [conflictWith(occupant)] };
  return { ...nothing, add: tree };
}

/**
 * The kernel drops what comes while a root is exchanged, and all that is queued. So that is done only where the root itself must be
 * another one, or where somebody has put something into our tree.
 */
function treeDelta(
  root: TcObject,
  tree: readonly TcObject[],
  device: ObservedDevice,
  made: readonly TcObject[],
): TcDelta {
  const known = new Set([...tree, ...made.filter(({ dev }) => dev === device.dev)].map(keyOf));
  const counterparts = new Map(device.objects.toReversed().map((object) => [keyOf(object), object]));
  const changes = tree
    .filter((object) => object !== root)
    .map((object) => treeChange(object, tree, counterparts.get(keyOf(object)), device));
  const mustGo =
    objectDrift(root, tree, [device]).length > 0 ||
    device.rootFilters.length > 0 ||
    device.innerFilters !== undefined ||
    device.objects.some((object) => isInTree(object) && !known.has(keyOf(object))) ||
    changes.includes("anew");
  if (mustGo) return { ...nothing, remove: [root], add: tree };
  return join(changes.filter((change) => change !== "anew"));
}

function treeChange(
  object: TcObject,
  tree: readonly TcObject[],
  counterpart: TcObject | ObservedFilter | undefined,
  device: ObservedDevice,
): TcDelta | "anew" {
  // In the place of a leaf there may be a queue of a kind that we do not read: only "replace" takes that away.
  if (counterpart === undefined)
    return isLeafOfClass(object, device) ? { ...nothing, change: [object] } : { ...nothing, add: [object] };
  if (objectDrift(object, tree, [device]).length === 0) return nothing;
  const isDeviating = "deviations" in counterpart && counterpart.deviations !== undefined;
  const isElsewhere = "parent" in counterpart && "parent" in object && counterpart.parent !== object.parent;
  if ((isDeviating && object.kind !== "leaf") || isElsewhere || counterpart.kind !== object.kind)
    return "anew";
  const isOtherQueue =
    "queue" in counterpart && "queue" in object && counterpart.queue.kind !== object.queue.kind;
  return isOtherQueue || isDeviating
    ? { ...nothing, remove: [object], add: [object] }
    : { ...nothing, change: [object] };
}

function isLeafOfClass(object: TcObject, { objects }: ObservedDevice): boolean {
  return (
    object.kind === "leaf" &&
    objects.some((other) => other.kind === "htb-class" && other.classid === object.parent)
  );
}

function hookDeltas(wanted: readonly TcObject[], device: ObservedDevice): readonly TcDelta[] {
  return wanted.map((object) => {
    const counterpart = device.objects.find((candidate) => keyOf(candidate) === keyOf(object));
    if (object.kind === "clsact") return clsactDelta(object, counterpart, wanted, device);
    const blocker = blockerOf(object, device);
    if (blocker !== undefined) return { ...nothing, conflicts: [filterConflict(blocker)] };
    const before = filterBefore(object, device);
    if (before !== undefined) return { ...nothing, conflicts: [shadowConflict(before)] };
    const bypass = bypassOf(object, device);
    if (bypass?.extent === "all" && isAlone(object)) {
      return { ...nothing, conflicts: [bypassConflict(bypass.filters, device.dev)] };
    }
    if (counterpart === undefined) return { ...nothing, add: [object] };
    return tcDrift([object], [device]).length === 0
      ? nothing
      : { ...nothing, remove: [object], add: [object] };
  });
}

/** Somebody else's filter with our preference at the same hook: to be told of, and never to be deleted. Its head is listed before it. */
export function blockerOf(object: TcObject, device: ObservedDevice): ForeignFilter | undefined {
  if (!("hook" in object)) return undefined;
  return device.foreignFilters.findLast(({ hook, pref }) => hook === object.hook && pref === object.pref);
}

function filterConflict({ dev, hook, pref, text }: ForeignFilter): string {
  return `preference ${pref} at ${hook} of ${dev} is taken by a filter that is not ours: "${text}"; give that one another`;
}

function shadowConflict({ dev, hook, pref, text }: ForeignFilter): string {
  const bandwidth = / mirred \(Egress Redirect to device bw/.test(text)
    ? " (it looks like the CNI bandwidth plugin's: take that one out of the conflist)"
    : "";
  return `a filter that is not ours takes every packet at ${hook} of ${dev} before ours could${bandwidth}: "${text}"; remove it ("tc filter del dev ${dev} ${hook} pref ${pref}") or let it end with "continue"`;
}

function bypassConflict(filters: readonly ForeignFilter[], dev: string): string {
  return (
    `filters that are not ours take every packet of IPv4 or of IPv6 on ${dev} before ours could: ${quoted(filters)}; ` +
    `remove them or let them end with "continue"`
  );
}

function clsactDelta(
  clsact: TcObject,
  counterpart: TcObject | undefined,
  wanted: readonly TcObject[],
  device: ObservedDevice,
): TcDelta {
  if (counterpart !== undefined || ingressSuffices(wanted, device)) return nothing;
  const ingress = device.occupants.find(({ at }) => at === "ingress");
  if (ingress === undefined) return { ...nothing, add: [clsact] };
  return { ...nothing, conflicts: [conflictWith(ingress)] };
}

function conflictWith({ dev, text }: Occupant): string {
  const bandwidth = / tbf 1: root/.test(text)
    ? " (it looks like the CNI bandwidth plugin's: take that one out of the conflist)"
    : "";
  return `${dev} already has "${text}", which is not ours${bandwidth}; once it is gone ("tc qdisc del dev ${dev} ...") pod-qos can add its own`;
}
