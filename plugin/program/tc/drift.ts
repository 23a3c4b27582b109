/** How wanted and observed objects differ: one sentence per object that is missing or not as wanted. Pure. */
import { describeTc, isInTree, keyOf, type Leaf, type ObservedFilter, type TcObject } from "./objects.ts";
import type { ObservedDevice } from "./parse.ts";
import type { ForeignFilter } from "./parse-filter.ts";

export function tcDrift(wanted: readonly TcObject[], observed: readonly ObservedDevice[]): readonly string[] {
  const devices = observed.map(indexed);
  return [...wanted.flatMap((object) => driftOf(object, wanted, devices)), ...surplus(wanted, devices)];
}

/** Of one object alone, whatever else stands in its tree. */
export function objectDrift(
  object: TcObject,
  wanted: readonly TcObject[],
  observed: readonly ObservedDevice[],
): readonly string[] {
  return driftOf(object, wanted, observed.map(indexed));
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

function driftOf(
  object: TcObject,
  wanted: readonly TcObject[],
  observed: readonly IndexedDevice[],
): readonly string[] {
  const device = observed.find(({ dev }) => dev === object.dev);
  if (device === undefined || !device.exists) return [`${describeTc(object)}: the device is gone`];
  const twin = device.byKey.get(keyOf(object));
  if (object.kind === "clsact" && ingressSuffices(wanted, device)) return [];
  if (twin === undefined) return [`${describeTc(object)} is missing${instead(object, device)}`];
  const before = filterBefore(object, device);
  return [
    ...differences(object, twin),
    ...(before === undefined ? [] : [`no packet gets to it past the filter "${before.text}"`]),
  ].map((difference) => `${describeTc(object)}: ${difference}`);
}

/** A filter at the same hook, asked earlier, that takes every packet for itself. */
export function filterBefore(object: TcObject, device: ObservedDevice): ForeignFilter | undefined {
  if (!("hook" in object)) return undefined;
  return device.lastFilters.find(({ hook, pref }) => hook === object.hook && pref < object.pref);
}

/** What stands in a tree of ours though nobody asked for it: a packet may go that way and past its limit. */
function surplus(wanted: readonly TcObject[], observed: readonly IndexedDevice[]): readonly string[] {
  const roots = wanted.filter(({ kind }) => kind === "htb");
  return roots.flatMap((root) => {
    const device = observed.find(({ dev }) => dev === root.dev);
    if (device?.byKey.has(keyOf(root)) !== true) return [];
    const asked = new Set(wanted.filter(({ dev }) => dev === root.dev).map(keyOf));
    const others = device.objects.filter((object) => isInTree(object) && !asked.has(keyOf(object)));
    return [
      ...others.map((object) => `${describeTc(object)} is there, though nothing asks for it`),
      ...device.rootFilters.map((text) => `${describeTc(root)} has a filter that is not ours: "${text}"`),
    ];
  });
}

function instead(object: TcObject, device: ObservedDevice): string {
  const at = object.kind === "htb" ? "root" : object.kind === "clsact" ? "ingress" : undefined;
  const occupant = device.occupants.find((qdisc) => qdisc.at === at);
  return occupant === undefined ? "" : `: in its place stands "${occupant.text}"`;
}

function differences(wanted: TcObject, observed: TcObject | ObservedFilter): readonly string[] {
  const odd = "oddities" in observed ? (observed.oddities ?? []) : [];
  switch (wanted.kind) {
    case "htb":
      if (observed.kind !== wanted.kind) return [];
      return [
        ...differs("default class", observed.defaultClass, wanted.defaultClass),
        ...differs("direct_qlen", observed.directPackets, wanted.directPackets),
      ];
    case "htb-class":
      if (observed.kind !== wanted.kind) return [];
      return [
        ...differs("parent", observed.parent, wanted.parent),
        ...rateDiffers("rate", observed.rate, wanted.rate),
        ...rateDiffers("ceil", observed.ceil, wanted.ceil),
        ...sizeDiffers("burst", observed.burst, wanted.burst, wanted.rate),
        ...sizeDiffers("cburst", observed.cburst, wanted.cburst, wanted.ceil),
        ...(observed.quantum === undefined || wanted.quantum === undefined
          ? []
          : sizeDiffers("quantum", observed.quantum, wanted.quantum, 0)),
      ];
    case "leaf":
      if (observed.kind !== wanted.kind) return [];
      return [
        ...differs("parent", observed.parent, wanted.parent),
        ...queueDiffers(observed.queue, wanted.queue),
      ];
    case "clsact":
      return [];
    case "police":
      if (observed.kind !== wanted.kind) return [];
      return [
        ...rateDiffers("rate", observed.rate, wanted.rate),
        ...sizeDiffers("burst", observed.burst, wanted.burst, wanted.rate),
        ...odd,
      ];
    case "redirect":
      return observed.kind === wanted.kind ? [...differs("target", observed.to, wanted.to), ...odd] : [];
  }
}

function queueDiffers(observed: Leaf, wanted: Leaf): readonly string[] {
  if (observed.kind !== wanted.kind) return differs("kind", observed.kind, wanted.kind);
  if (wanted.kind === "tbf" && observed.kind === "tbf") {
    return [
      ...rateDiffers("rate", observed.rate, wanted.rate),
      ...sizeDiffers("burst", observed.burst, wanted.burst, wanted.rate),
      // Two times are cut to whole microseconds on the way.
      ...sizeDiffers("limitBytes", observed.limitBytes, wanted.limitBytes, 2 * wanted.rate),
    ];
  }
  const has = new Map(numbers(observed));
  return numbers(wanted).flatMap(([name, value]) =>
    near(has.get(name) ?? NaN, value, value / 100) ? [] : differs(name, has.get(name) ?? NaN, value),
  );
}

function numbers(queue: Leaf): readonly (readonly [string, number])[] {
  return Object.entries(queue).filter((entry): entry is [string, number] => typeof entry[1] === "number");
}

function differs(name: string, observed: string | number, wanted: string | number): readonly string[] {
  return observed === wanted ? [] : [`${name} is ${observed}, wanted ${wanted}`];
}

/** tc rounds what it prints: 1234567bit comes back as 1234Kbit. */
function rateDiffers(name: string, observed: number, wanted: number): readonly string[] {
  return near(observed, wanted, wanted / 1000 + 1)
    ? []
    : [`${name} is ${observed * 8} bit/s, wanted ${wanted * 8} bit/s`];
}

/**
 * tc hands a bucket over, and reads it back, as a time cut to whole microseconds (from 6.14 in ticks of 64 ns, rounded up, so
 * that what is nearly 4 GiB wraps round to nearly nothing), and prints it rounded.
 */
function sizeDiffers(name: string, observed: number, wanted: number, rate: number): readonly string[] {
  const tolerance = printedWithin(wanted) + rate * 2.1e-6;
  return near(observed, wanted, tolerance) || near(observed + 2 ** 32, wanted, tolerance)
    ? []
    : [`${name} is ${observed} bytes, wanted ${wanted}`];
}

/** To 16 bytes, above 1 MiB to 1 KiB, above a million KiB, which has seven digits, to 5 KiB. */
function printedWithin(size: number): number {
  if (size < 1024 ** 2) return 16;
  return size < 1e6 * 1024 ? 1024 : 5 * 1024 + 16;
}

function near(observed: number, wanted: number, tolerance: number): boolean {
  return Math.abs(observed - wanted) <= tolerance;
}

/** An older `ingress` qdisc holds ingress filters just as well; only egress filters need the clsact it is not. */
export function ingressSuffices(wanted: readonly TcObject[], { dev, occupants }: ObservedDevice): boolean {
  const needsEgress = wanted.some(
    (object) => object.dev === dev && "hook" in object && object.hook === "egress",
  );
  return occupants.some(({ at }) => at === "ingress") && !needsEgress;
}
