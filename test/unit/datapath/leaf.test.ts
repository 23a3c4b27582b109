import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { noQueue, policeLeaf, shapeLeaf } from "../../../plugin/datapath/queues.ts";
import { frameBytes, shapeBucket } from "../../../plugin/datapath/rates.ts";
import { capOf } from "../support/cap.ts";

/** What 60 s hold of a whole GSO packet: slower than this, one is more debt than HTB remembers. */
const slow = Math.floor((68 * 1024) / 60);

describe("the queue behind a rule's policer", () => {
  it("is one packet behind a burst that holds a GSO packet: what conforms is sent at once", () => {
    expect(policeLeaf(69_632)).toEqual(noQueue);
    expect(policeLeaf(500_000)).toEqual(noQueue);
  });

  it("holds a whole GSO packet, and the longest frame, behind a shorter one", () => {
    expect(policeLeaf(69_631)).toEqual({ kind: "bfifo", limitBytes: 69_632 });
    expect(policeLeaf(1)).toEqual({ kind: "bfifo", limitBytes: 69_632 });
    expect(69_632).toBeGreaterThan(frameBytes(65_535));
  });
});

describe("the queue behind a shaper", () => {
  it.each([
    { rate: 2_500_000, mtu: 1500, target: 5_000, interval: 100_000, quantum: 1514 },
    { rate: 12_500, mtu: 1500, target: 181_680, interval: 181_680, quantum: 1514 },
    { rate: 125e12, mtu: 65_535, target: 5_000, interval: 100_000, quantum: 65_549 },
    { rate: 2_500_000, mtu: 9000, target: 5_409, interval: 100_000, quantum: 9014 },
  ])(
    "is fq_codel whose target leaves time for a packet: $rate B/s, MTU $mtu",
    ({ rate, mtu, target, interval, quantum }) => {
      expect(shapeLeaf(rate, mtu, true)).toEqual({
        kind: "fq_codel",
        limitPackets: 1024,
        targetMicros: target,
        intervalMicros: interval,
        quantum,
      });
    },
  );

  it("asks for no fq_codel quantum below 256, which the kernel would raise and CHECK then report", () => {
    expect(shapeLeaf(2_500_000, 68, true)).toMatchObject({ quantum: 256 });
    expect(shapeLeaf(2_500_000, 242, true)).toMatchObject({ quantum: 256 });
    expect(shapeLeaf(2_500_000, 243, true)).toMatchObject({ quantum: 257 });
  });

  it.each([
    [12_500, 69_632],
    [2_500_000, 69_632],
    [12_500_000, 125_000],
    [125_000_000, 1_250_000],
    [12.5e9, 33_554_432],
    [125e12, 33_554_432],
  ])(
    "without fq_codel is a bfifo of a GSO packet or 10 ms, 32 MiB at most: %d B/s, %d bytes",
    (rate, limitBytes) => {
      expect(shapeLeaf(rate, 1500, false)).toEqual({ kind: "bfifo", limitBytes });
    },
  );

  it.each([true, false])(
    "cuts GSO packets below 10 kbit/s, where a whole one is more debt than HTB remembers (fq_codel: %s)",
    (fqCodel) => {
      expect(shapeLeaf(slow, 1500, fqCodel)).toMatchObject({ kind: "tbf" });
      expect(shapeLeaf(slow + 1, 1500, fqCodel)).toMatchObject({ kind: fqCodel ? "fq_codel" : "bfifo" });
    },
  );

  it("that cuts drops no packet that HTB can hold back, and no segment of a GSO packet, whatever the MTU becomes", () => {
    expect(shapeLeaf(125, 1500, false)).toEqual({
      kind: "tbf",
      rate: 12.5e9,
      burst: 7_500,
      limitBytes: 69_632,
    });
  });

  it("holds three frames of any MTU, for behind fewer TCP starves", () => {
    expect(shapeLeaf(2_500_000, 65_535, false)).toEqual({ kind: "bfifo", limitBytes: 196_647 });
  });

  it("drops no frame for ever, whatever the MTU becomes after ADD, but what is more debt than HTB remembers", () => {
    for (const rate of [125, slow, slow + 1, 2_500_000, 125e6]) {
      const leaf = shapeLeaf(rate, 1500, false);
      const longest = leaf.kind === "tbf" ? leaf.burst : leaf.kind === "bfifo" ? leaf.limitBytes : 0;
      expect(longest).toBeGreaterThanOrEqual(Math.min(frameBytes(65_535), 60 * rate));
    }
  });

  it("has only numbers that 32 bits hold, at every rate and MTU", () => {
    const rates = fc.oneof(fc.integer({ min: 1e3, max: 1e6 }), fc.integer({ min: 1e6, max: 1e15 }));
    fc.assert(
      fc.property(rates, fc.integer({ min: 68, max: 65_535 }), fc.boolean(), (rate, mtu, fqCodel) => {
        fc.pre(frameBytes(mtu) <= Math.floor(rate / 8) * 60);
        const bucket = shapeBucket(capOf(rate), mtu);
        // A rate may have 64.
        const numbers = Object.entries(shapeLeaf(bucket.rate, mtu, fqCodel)).flatMap(([name, value]) =>
          typeof value === "number" && name !== "rate" ? [value] : [],
        );
        for (const number of [...numbers, bucket.burst]) {
          expect(Number.isInteger(number) && number > 0 && number < 2 ** 32).toBe(true);
        }
      }),
    );
  });
});
