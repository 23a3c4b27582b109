/**
 * The least that turns what is there into what is wanted, and what is in the way of it. Pure.
 * ADD programs blindly, for nearly always nothing of ours is there; this is for when the kernel says there is.
 */
import { filterBefore, ingressSuffices, tcDrift } from "./drift.ts";
import { bypassOf, isAlone, quoted } from "./bypass/bypass.ts";
import { isInTree, keyOf, type TcObject } from "./objects.ts";
import type { Occupant, ObservedDevice } from "./parse.ts";
import type { ForeignFilter } from "./parse-filter.ts";

export type TcDelta = {
  readonly conflicts: readonly string[];
  readonly remove: readonly TcObject[];
  readonly add: readonly TcObject[];
};

export function tcDelta(wanted: readonly TcObject[], observed: readonly ObservedDevice[]): TcDelta {
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
      rootDelta(here.filter(isInTree), device),
      ...hookDeltas(
        here.filter((object) => !isInTree(object)),
        device,
      ),
    ]);
  });
  return join(deltas);
}

const nothing = { conflicts: [], remove: [], add: [] } as const;

function join(deltas: readonly TcDelta[]): TcDelta {
  return {
    conflicts: deltas.flatMap(({ conflicts }) => conflicts),
    remove: deltas.flatMap(({ remove }) => remove),
    add: deltas.flatMap(({ add }) => add),
  };
}

function rootDelta(tree: readonly TcObject[], device: ObservedDevice): TcDelta {
  const root = tree.find(({ kind }) => kind === "htb");
  if (root === undefined || tcDrift(tree, [device]).length === 0) return nothing;
  const ours = device.objects.some((object) => keyOf(object) === keyOf(root));
  const occupant = device.occupants.find(({ at }) => at === "root");
  if (ours) return { conflicts: [], remove: [root], add: tree };
  if (occupant !== undefined) return { conflicts: [conflictWith(occupant)], remove: [], add: [] };
  return { conflicts: [], remove: [], add: tree };
}

function hookDeltas(wanted: readonly TcObject[], device: ObservedDevice): readonly TcDelta[] {
  return wanted.map((object) => {
    const twin = device.objects.find((candidate) => keyOf(candidate) === keyOf(object));
    if (object.kind === "clsact") return clsactDelta(object, twin, wanted, device);
    const blocker = blockerOf(object, device);
    if (blocker !== undefined) return { conflicts: [filterConflict(blocker)], remove: [], add: [] };
    const before = filterBefore(object, device);
    if (before !== undefined) return { conflicts: [shadowConflict(before)], remove: [], add: [] };
    const bypass = bypassOf(object, device);
    if (bypass?.extent === "all" && isAlone(object)) {
      return { conflicts: [bypassConflict(bypass.filters, device.dev)], remove: [], add: [] };
    }
    if (twin === undefined) return { conflicts: [], remove: [], add: [object] };
    return tcDrift([object], [device]).length === 0
      ? nothing
      : { conflicts: [], remove: [object], add: [object] };
  });
}

/** Somebody else's filter with our preference at the same hook: to be told of, and never to be deleted. */
export function blockerOf(object: TcObject, device: ObservedDevice): ForeignFilter | undefined {
  if (!("hook" in object)) return undefined;
  return device.foreignFilters.find(({ hook, pref }) => hook === object.hook && pref === object.pref);
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
  twin: TcObject | undefined,
  wanted: readonly TcObject[],
  device: ObservedDevice,
): TcDelta {
  if (twin !== undefined || ingressSuffices(wanted, device)) return nothing;
  const ingress = device.occupants.find(({ at }) => at === "ingress");
  if (ingress === undefined) return { conflicts: [], remove: [], add: [clsact] };
  return { conflicts: [conflictWith(ingress)], remove: [], add: [] };
}

function conflictWith({ dev, text }: Occupant): string {
  const bandwidth = / tbf 1: root/.test(text)
    ? " (it looks like the CNI bandwidth plugin's: take that one out of the conflist)"
    : "";
  return `${dev} already has "${text}", which is not ours${bandwidth}; once it is gone ("tc qdisc del dev ${dev} ...") pod-qos can add its own`;
}
