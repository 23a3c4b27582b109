/**
 * The least that turns what is there into what is wanted, and what is in the way of it. Pure.
 * ADD programs blindly, for nearly always nothing of ours is there; this is for when the kernel says there is.
 */
import { ingressSuffices, keyOf, tcDrift } from "./drift.ts";
import type { Ifb, ObservedLink } from "./link.ts";
import type { MangleChain, ObservedChain } from "./iptables.ts";
import type { TcObject } from "./tc.ts";
import type { ForeignFilter, ForeignQdisc, ObservedDevice } from "./tc-parse.ts";

export type Delta<Wanted> = {
  /** Sentences: what stands in the way, where, whose it looks like. */
  readonly conflicts: readonly string[];
  readonly remove: readonly Wanted[];
  readonly add: readonly Wanted[];
};

export function tcDelta(wanted: readonly TcObject[], observed: readonly ObservedDevice[]): Delta<TcObject> {
  const devices = [...new Set(wanted.map(({ dev }) => dev))];
  const deltas = devices.map((dev) => {
    const here = wanted.filter((object) => object.dev === dev);
    const device = observed.find((candidate) => candidate.dev === dev) ?? {
      dev,
      exists: false,
      objects: [],
      foreign: [],
      foreignFilters: [],
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

export function linkDelta(wanted: readonly Ifb[], observed: readonly ObservedLink[]): Delta<Ifb> {
  return join(
    wanted.map((ifb) => {
      const twin = observed.find(({ name }) => name === ifb.name);
      if (twin === undefined) return { conflicts: [], remove: [], add: [ifb] };
      if (isForeignLink(twin, ifb.alias)) {
        const conflict = `a link ${ifb.name} exists that is not ours (alias "${twin.alias}"): delete or rename it`;
        return { conflicts: [conflict], remove: [], add: [] };
      }
      return twin.up && twin.mtu === ifb.mtu && twin.alias === ifb.alias
        ? nothing
        : { conflicts: [], remove: [ifb], add: [ifb] };
    }),
  );
}

/** An ifb without an alias is one of ours that a killed ADD left half made. */
export function isForeignLink({ kind, alias }: ObservedLink, wantedAlias: string): boolean {
  return kind !== "ifb" || (alias !== wantedAlias && alias !== "");
}

export function chainDelta(
  wanted: readonly MangleChain[],
  observed: readonly ObservedChain[],
): Delta<MangleChain> & { readonly leftovers: readonly ObservedChain[] } {
  const stale = observed.filter((seen) => {
    const chain = wanted.find(({ name }) => name === seen.name);
    const same =
      chain !== undefined &&
      seen.exists &&
      seen.jumps === 1 &&
      seen.rules.join("\n") === chain.rules.join("\n");
    return !same;
  });
  const names = new Set(stale.map(({ name }) => name));
  return { conflicts: [], remove: [], add: wanted.filter(({ name }) => names.has(name)), leftovers: stale };
}

const nothing = { conflicts: [], remove: [], add: [] } as const;

function join<Wanted>(deltas: readonly Delta<Wanted>[]): Delta<Wanted> {
  return {
    conflicts: deltas.flatMap(({ conflicts }) => conflicts),
    remove: deltas.flatMap(({ remove }) => remove),
    add: deltas.flatMap(({ add }) => add),
  };
}

/** A root qdisc, its class and its leaf stand and fall together: the kernel deletes them with the root. */
function isInTree({ kind }: TcObject): boolean {
  return kind === "htb" || kind === "htb-class" || kind === "leaf";
}

function rootDelta(tree: readonly TcObject[], device: ObservedDevice): Delta<TcObject> {
  const root = tree.find(({ kind }) => kind === "htb");
  if (root === undefined || tcDrift(tree, [device]).length === 0) return nothing;
  const ours = device.objects.some((object) => keyOf(object) === keyOf(root));
  const foreign = device.foreign.find(({ at }) => at === "root");
  if (ours) return { conflicts: [], remove: [root], add: tree };
  if (foreign !== undefined) return { conflicts: [conflictWith(foreign)], remove: [], add: [] };
  return { conflicts: [], remove: [], add: tree };
}

function hookDeltas(wanted: readonly TcObject[], device: ObservedDevice): readonly Delta<TcObject>[] {
  return wanted.map((object) => {
    const twin = device.objects.find((candidate) => keyOf(candidate) === keyOf(object));
    if (object.kind === "clsact") return clsactDelta(object, twin, wanted, device);
    const blocker = blockerOf(object, device);
    if (blocker !== undefined) return { conflicts: [filterConflict(blocker)], remove: [], add: [] };
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

function clsactDelta(
  clsact: TcObject,
  twin: TcObject | undefined,
  wanted: readonly TcObject[],
  device: ObservedDevice,
): Delta<TcObject> {
  if (twin !== undefined || ingressSuffices(wanted, device)) return nothing;
  const ingress = device.foreign.find(({ at }) => at === "ingress");
  if (ingress === undefined) return { conflicts: [], remove: [], add: [clsact] };
  return { conflicts: [conflictWith(ingress)], remove: [], add: [] };
}

function conflictWith({ dev, text }: ForeignQdisc): string {
  const bandwidth = / tbf 1: root/.test(text)
    ? " (it looks like the CNI bandwidth plugin's: take that one out of the conflist)"
    : "";
  return `${dev} already has "${text}", which is not ours${bandwidth}; once it is gone ("tc qdisc del dev ${dev} ...") pod-qos can add its own`;
}
