import * as fc from "fast-check";
import { redirect, policer, shaper } from "../../../plugin/datapath/shaper.ts";
import { noQueue, shapeLeaf } from "../../../plugin/datapath/queues.ts";
import { frameBytes, guardBucket, policeBucket, shapeBucket } from "../../../plugin/datapath/rates.ts";
import type { TcObject } from "../../../plugin/program/tc/objects.ts";
import { capOf } from "./cap.ts";

/** Rates from 1k to the highest given, as many small ones as large ones, round and crooked. */
export function ratesUpTo(highest: number): fc.Arbitrary<number> {
  return fc
    .tuple(fc.integer({ min: 1000, max: 999_999 }), fc.integer({ min: 0, max: 10 }), fc.nat())
    .map(([mantissa, power, crooked]) => mantissa * 10 ** power + (crooked % 10 ** power))
    .filter((rate) => rate <= highest);
}

/** Every device we shape or police: one cap each, on either kind of kernel. */
export function devices(dev: string, rates: fc.Arbitrary<number>): fc.Arbitrary<readonly TcObject[]> {
  const wishes = fc.record({
    rate: rates,
    burst: fc.option(fc.integer({ min: 1, max: 2 ** 35 - 16 }), { nil: undefined }),
    mtu: fc.integer({ min: 68, max: 65_535 }),
    fqCodel: fc.boolean(),
    make: fc.constantFrom("shape", "guard", "police", "emulate"),
  });
  return wishes.map(({ rate, burst, mtu, fqCodel, make }): readonly TcObject[] => {
    const bytes = Math.floor(rate / 8);
    const cap = capOf(rate, fits(bytes, mtu, burst) ? burst : undefined);
    if (frameBytes(mtu) > bytes * 60) return redirect(dev, "u32", "pq0123456789abc");
    const bucket = shapeBucket(cap, mtu);
    if (make === "shape") return shaper(dev, bucket, shapeLeaf(bucket.rate, mtu, fqCodel), mtu);
    if (make === "guard") return policer(dev, "ingress", guardBucket(cap), "matchall");
    if (make === "police") return policer(dev, "egress", policeBucket(cap, mtu), "u32");
    return shaper(dev, policeBucket(cap, mtu), noQueue, mtu);
  });
}

/** Bursts that rates.ts would refuse: too long a time, too small for a packet. */
function fits(bytes: number, mtu: number, burst: number | undefined): boolean {
  return burst !== undefined && burst / 8 <= bytes * 270 && burst / 8 > frameBytes(mtu);
}
