import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shapeLeaf } from "../../../plugin/datapath/queues.ts";
import { frameBytes, shapeBucket } from "../../../plugin/datapath/rates.ts";
import { capOf } from "../support/cap.ts";

/** What 60 s hold of a whole GSO packet: slower than this, one is more debt than HTB remembers. */
const slow = Math.floor((68 * 1024) / 60);

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
    [12_500_000, 131_072],
    [125_000_000, 1_250_000],
    [12.5e9, 33_554_432],
    [125e12, 33_554_432],
  ])("without fq_codel is a bfifo of 10 ms, 32 MiB at most: %d B/s, %d bytes", (rate, limitBytes) => {
    expect(shapeLeaf(rate, 1500, false)).toEqual({ kind: "bfifo", limitBytes });
  });

  it.each([true, false])(
    "cuts GSO packets below 10 kbit/s, where a whole one is more debt than HTB remembers (fq_codel: %s)",
    (fqCodel) => {
      expect(shapeLeaf(slow, 1500, fqCodel)).toMatchObject({ kind: "tbf" });
      expect(shapeLeaf(slow + 1, 1500, fqCodel)).toMatchObject({ kind: fqCodel ? "fq_codel" : "tbf" });
    },
  );

  it("without fq_codel cuts GSO packets as long as 16 segments last 10 ms, and if there is anything to cut", () => {
    expect(shapeLeaf(2_500_000, 1500, false)).toEqual({
      kind: "tbf",
      rate: 12.5e9,
      burst: 1770,
      limitBytes: 28_320,
    });
    expect(shapeLeaf(2_832_000, 1500, false)).toMatchObject({ kind: "tbf" });
    expect(shapeLeaf(2_833_000, 1500, false)).toMatchObject({ kind: "bfifo" });
  });

  it("holds three frames of any MTU, for behind fewer TCP starves", () => {
    expect(shapeLeaf(2_500_000, 65_535, false)).toEqual({ kind: "bfifo", limitBytes: 196_647 });
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
