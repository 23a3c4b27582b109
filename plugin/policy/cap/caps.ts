/**
 * Where a cap can come from and which request wins. Pure.
 *
 * Static conf, then `pod-qos/*`, then `kubernetes.io/*` (the runtime's capability before the bare annotation, for multus
 * gives a capability per network), then the namespace's `pod-qos/*`, then `defaults`.
 */
import { CniError, ErrorCode, invalidValue } from "../../errors.ts";
import type { Conf, Discipline, StaticCap } from "../../cni/conf.ts";
import type { Annotations, RuntimeCap } from "../../cni/request.ts";
import type { Found, NamespaceAnnotations, InterfaceAnnotations } from "../annotation/annotations.ts";
import { underCeiling, type Cap } from "./cap.ts";
import { parseBandwidth, parseBurst } from "./quantity.ts";

export type Direction = "ingress" | "egress";

type Sources = {
  readonly conf: Conf;
  readonly own: InterfaceAnnotations;
  readonly namespace: NamespaceAnnotations;
  readonly runtime: RuntimeCap;
  readonly annotations: Annotations;
};

export function chooseCap(direction: Direction, sources: Sources): Cap | undefined {
  const { conf, own, namespace, annotations } = sources;
  const [first] = capRequests(direction, sources);
  const cap = underCeiling(first, annotatedCap(namespace[`max-${direction}-bandwidth`]));
  if (conf[direction] !== undefined) return cap;
  const burst = own[`${direction}-burst`];
  // The namespace's speaks of whatever cap its pods have, and of none where they have none.
  if (burst === undefined)
    return cap?.burst === undefined ? withBurst(cap, namespace[`${direction}-burst`]) : cap;
  if (cap === undefined) {
    // A plain burst may be meant for the interface that has a cap: `net1.pod-qos/egress-bandwidth`.
    if (
      burst.key.startsWith("pod-qos/") &&
      Object.keys(annotations).some((key) => key.endsWith(`.pod-qos/${direction}-bandwidth`))
    )
      return undefined;
    throw new CniError(
      ErrorCode.invalidConfig,
      `annotation ${burst.key} is "${burst.text}" but nothing caps ${direction}: ` +
        `set pod-qos/${direction}-bandwidth as well`,
    );
  }
  return withBurst(cap, burst);
}

function withBurst(cap: Cap | undefined, burst: Found | undefined): Cap | undefined {
  if (cap === undefined || burst === undefined) return cap;
  return { ...cap, burst: parseBurst(burst.field, burst.text), burstSource: burst.field };
}

/** The longest GSO packet, with the headers of each of its segments as the wire will have them. */
export const gsoBytes = 68 * 1024;

/** act_police drops what is longer than its bucket, and TCP sends what is as long as can be. */
export function burstWarnings(discipline: Discipline, caps: readonly (Cap | undefined)[]): readonly string[] {
  if (discipline !== "police") return [];
  return caps.flatMap((cap) =>
    cap?.burst === undefined || cap.burst >= gsoBytes * 8
      ? []
      : [
          `${cap.burstSource ?? cap.source}: a policer with a burst of ${cap.burst} bits drops every packet that TCP sends ` +
            `in one piece of 64 KiB: leave the burst out, or take ${gsoBytes * 8} bits or more`,
        ],
  );
}

/** All of them, the one that counts first. */
export function capRequests(
  direction: Direction,
  { conf, own, namespace, runtime, annotations }: Sources,
): readonly Cap[] {
  return [
    staticCap(direction, conf[direction]),
    annotatedCap(own[`${direction}-bandwidth`]),
    runtimeCap(direction, runtime),
    annotatedCap(pairOf(direction, annotations)),
    annotatedCap(namespace[`${direction}-bandwidth`]),
    defaultCap(direction, conf),
  ].filter((cap) => cap !== undefined);
}

export function staticCap(direction: Direction, cap: StaticCap | undefined): Cap | undefined {
  if (cap === undefined) return undefined;
  const source = `${direction}Rate`;
  const burstSource = `${direction}Burst`;
  return {
    rate: parseBandwidth(source, String(cap.rate)),
    burst: parseBurst(burstSource, String(cap.burst)),
    source,
    burstSource,
  };
}

export function annotatedCap(found: Found | undefined): Cap | undefined {
  if (found === undefined) return undefined;
  const { field, text } = found;
  return { rate: parseBandwidth(field, text), burst: undefined, source: field, burstSource: undefined };
}

export function pairOf(direction: Direction, annotations: Annotations): Found | undefined {
  const key = `kubernetes.io/${direction}-bandwidth`;
  const text = annotations[key];
  return text === undefined ? undefined : { key, text, field: `annotation ${key}` };
}

/**
 * Runtimes send a burst whether or not anybody asked: 2^31-1 (dockershim), 2^32-1 (containerd) or 8 * (2^32-1) - 1 bits
 * (CRI-O). A bucket that size lets a 10M pod send 2 Gbit/s for its first second, so those values mean "none given".
 */
const smallestSentinelBurst = 2 ** 31 - 1;

export function isSentinelBurst(burst: unknown): boolean {
  return typeof burst === "number" && burst >= smallestSentinelBurst;
}

function runtimeCap(direction: Direction, given: RuntimeCap): Cap | undefined {
  const source = `runtimeConfig.bandwidth.${direction}Rate`;
  const burstSource = `runtimeConfig.bandwidth.${direction}Burst`;
  const rate = runtimeNumber(source, given.rate, runtimeRateAllowed);
  const burst = runtimeNumber(burstSource, given.burst, "a whole number of bits");
  const asksForBurst = burst > 0 && !isSentinelBurst(burst);
  if (rate === 0 && asksForBurst) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${burstSource} is ${burst} but ${source} is not set: a burst alone is no limit`,
    );
  }
  if (rate === 0) return undefined;
  if (rate < lowestRuntimeRate || rate > highestRuntimeRate)
    throw invalidValue(source, rate, runtimeRateAllowed);
  return asksForBurst
    ? { rate, burst, source, burstSource }
    : { rate, burst: undefined, source, burstSource: undefined };
}

/**
 * A runtime has held what people wrote to 1k and more. What else comes this way are numbers for the bandwidth plugin, which
 * takes any: from a byte a second on, as far as the kernel can hold it on the pod's link.
 */
const lowestRuntimeRate = 8;
const highestRuntimeRate = 1e15;
const runtimeRateAllowed = "bit/s, a whole number from 8 to 1000000000000000 (1P), or 0 for no limit";

/** As Go writes and reads them; 0 is "not set". */
function runtimeNumber(field: string, value: unknown, allowed: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  throw invalidValue(field, value, allowed);
}

export function defaultCap(direction: Direction, { defaults }: Conf): Cap | undefined {
  const text = defaults[`${direction}Bandwidth`];
  if (text === undefined) return undefined;
  const source = `defaults.${direction}Bandwidth`;
  return { rate: parseBandwidth(source, text), burst: undefined, source, burstSource: undefined };
}
