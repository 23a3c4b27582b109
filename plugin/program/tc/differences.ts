/** How the values of one object differ from those that were wanted, as far as tc's rounding lets one see it. Pure. */
import type { Leaf, ObservedFilter, TcObject } from "./objects.ts";

export function differences(wanted: TcObject, observed: TcObject | ObservedFilter): readonly string[] {
  const deviations = "deviations" in observed ? (observed.deviations ?? []) : [];
  switch (wanted.kind) {
    case "htb":
      if (observed.kind !== wanted.kind) return [];
      return [
        ...differs("default class", observed.defaultClass, wanted.defaultClass),
        ...differs("direct_qlen", observed.directPackets, wanted.directPackets),
        ...deviations,
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
        // The kernel tells it where it tells a quantum.
        ...(observed.quantum === undefined || wanted.priority === undefined
          ? []
          : differs("prio", observed.priority ?? 0, wanted.priority)),
        ...deviations,
      ];
    case "leaf":
      if (observed.kind !== wanted.kind) return [];
      return [
        ...differs("parent", observed.parent, wanted.parent),
        ...queueDiffers(observed.queue, wanted.queue),
        ...deviations,
      ];
    // Another value is another key.
    case "dscp":
    case "mark":
    case "clsact":
      return [];
    case "police":
      if (observed.kind !== wanted.kind) return [];
      return [
        ...rateDiffers("rate", observed.rate, wanted.rate),
        ...sizeDiffers("burst", observed.burst, wanted.burst, wanted.rate),
        ...deviations,
      ];
    case "redirect":
      return observed.kind === wanted.kind
        ? [...differs("target", observed.to, wanted.to), ...deviations]
        : [];
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
