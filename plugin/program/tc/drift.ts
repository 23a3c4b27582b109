/** What is missing, not as wanted, out of reach or too much of a device: one sentence per object. Pure. */
import { bypassOf, isAlone, quoted } from "./bypass/bypass.ts";
import { differences } from "./differences.ts";
import { parseDscpFilter } from "./dscp-filter.ts";
import { describeTc, isInTree, keyOf, type ObservedFilter, type TcObject } from "./objects.ts";
import type { ObservedDevice } from "./parse.ts";
import type { ForeignFilter } from "./parse-filter.ts";

export function tcDrift(wanted: readonly TcObject[], observed: readonly ObservedDevice[]): readonly string[] {
  const devices = observed.map(indexed);
  return [...wanted.flatMap((object) => driftIn(object, wanted, devices)), ...surplus(wanted, devices)];
}

/** Of one object alone, whatever else stands in its tree. */
export function objectDrift(
  object: TcObject,
  wanted: readonly TcObject[],
  observed: readonly ObservedDevice[],
): readonly string[] {
  return driftIn(object, wanted, observed.map(indexed));
}

/** Rules may have made thousands of classes: none of them is looked for among all. */
type IndexedDevice = ObservedDevice & {
  readonly byKey: ReadonlyMap<string, TcObject | ObservedFilter>;
};

function indexed(device: ObservedDevice): IndexedDevice {
  return {
    ...device,
    // Of several with one name the first counts.
    byKey: new Map(device.objects.toReversed().map((object) => [keyOf(object), object])),
  };
}

function driftIn(
  object: TcObject,
  wanted: readonly TcObject[],
  observed: readonly IndexedDevice[],
): readonly string[] {
  const device = observed.find(({ dev }) => dev === object.dev);
  if (device === undefined || !device.exists) return [`${describeTc(object)}: the device is gone`];
  const counterpart = device.byKey.get(keyOf(object));
  if (object.kind === "clsact" && ingressSuffices(wanted, device)) return [];
  if (counterpart === undefined) return [`${describeTc(object)} is missing${instead(object, device)}`];
  const before = filterBefore(object, device);
  return [
    ...differences(object, counterpart),
    ...(before === undefined
      ? passedBy(object, device)
      : [`no packet gets to it past the filter "${before.text}"`]),
  ].map((difference) => `${describeTc(object)}: ${difference}`);
}

/** A fault only where nothing else holds the cap. */
function passedBy(object: TcObject, device: ObservedDevice): readonly string[] {
  const bypass = bypassOf(object, device);
  if (bypass === undefined || bypass.extent === "little" || !("hook" in object) || !isAlone(object))
    return [];
  const some = bypass.extent === "all" ? "all" : "some";
  return [`packets, maybe ${some}, get past it by filters that are not ours: ${quoted(bypass.filters)}`];
}

/** An older `ingress` qdisc holds ingress filters just as well; only egress filters need the clsact it is not. */
export function ingressSuffices(wanted: readonly TcObject[], { dev, occupants }: ObservedDevice): boolean {
  const needsEgress = wanted.some(
    (object) => object.dev === dev && "hook" in object && object.hook === "egress",
  );
  return occupants.some(({ at }) => at === "ingress") && !needsEgress;
}

function instead(object: TcObject, device: ObservedDevice): string {
  const at = object.kind === "htb" ? "root" : object.kind === "clsact" ? "ingress" : undefined;
  const occupant = device.occupants.find((qdisc) => qdisc.at === at);
  return occupant === undefined ? "" : `: in its place stands "${occupant.text}"`;
}

/**
 * A filter at the same hook, asked earlier, that takes every packet for itself. Of one preference the first that is listed is asked
 * first, and ours, which is the redirect, must be that.
 */
export function filterBefore(object: TcObject, device: ObservedDevice): ForeignFilter | undefined {
  if (!("hook" in object)) return undefined;
  const atHook = device.lastFilters.filter(({ hook }) => hook === object.hook);
  const before = atHook.find(({ pref }) => pref < object.pref);
  if (before !== undefined || object.kind !== "redirect") return before;
  const first = atHook.find(({ pref }) => pref === object.pref);
  return first?.text.includes("(Egress Redirect to device ") === false ? first : undefined;
}

/** What stands in a tree of ours though nobody asked for it: a packet may go that way and past its limit. */
function surplus(wanted: readonly TcObject[], observed: readonly IndexedDevice[]): readonly string[] {
  const roots = wanted.filter(({ kind }) => kind === "htb");
  return roots.flatMap((root) => {
    const device = observed.find(({ dev }) => dev === root.dev);
    if (device?.byKey.has(keyOf(root)) !== true) return [];
    const asked = new Set(wanted.filter(({ dev }) => dev === root.dev).map(keyOf));
    const others = device.objects.filter((object) => isInTree(object) && !asked.has(keyOf(object)));
    const foreign = device.rootFilters.filter(
      (text) => !parseDscpFilter(root.dev, text).some((filter) => asked.has(keyOf(filter))),
    );
    return [
      ...others
        .filter(({ kind }) => kind !== "dscp")
        .map((object) => `${describeTc(object)} is there, though nothing asks for it`),
      ...foreign.map((text) => filterOfOthers(root, text)),
      ...innerFilterOfOthers(root, device),
      ...pastRoot(root, device),
    ];
  });
}

export function filterOfOthers(root: TcObject, text: string): string {
  return `${describeTc(root)} has a filter that is not ours: "${text}"`;
}

/** Packets of a class that is chosen by their priority are asked them, and those that come to a queue. */
export function innerFilterOfOthers(
  root: TcObject,
  { innerFilters = [] }: ObservedDevice,
): readonly string[] {
  return innerFilters.map(
    (text) => `${describeTc(root)}: a class or queue of it has a filter that is not ours: "${text}"`,
  );
}

/** What a filter at egress redirects never comes to the root qdisc. Ours stand at ingress. */
export function pastRoot(root: TcObject, { lastFilters }: ObservedDevice): readonly string[] {
  return lastFilters
    .filter(({ hook, text }) => hook === "egress" && / mirred \(\w+ Redirect to device /.test(text))
    .map(({ text }) => `${describeTc(root)}: no packet gets to it past the filter "${text}"`);
}
