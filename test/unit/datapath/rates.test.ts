import { describe, expect, it } from "vitest";
import { noQueue } from "../../../plugin/datapath/queues.ts";
import { guardBucket, policeBucket, shapeBucket } from "../../../plugin/datapath/rates.ts";
import { capOf } from "../support/cap.ts";

/** Bits per second, and in bytes: the rate, the bursts for shaping and policing, the guard's rate and burst. */
const table = [
  { name: "1k", rate: 1e3, bytes: 125, shape: 3_028, police: 34_359, guard: 131, guardBurst: 36_009 },
  { name: "8k", rate: 8e3, bytes: 1_000, shape: 3_028, police: 69_632, guard: 1_050, guardBurst: 69_632 },
  { name: "1M", rate: 1e6, bytes: 125_000, shape: 3_028, police: 69_632, guard: 131_250, guardBurst: 69_632 },
  {
    name: "20M",
    rate: 20e6,
    bytes: 2_500_000,
    shape: 25_000,
    police: 500_000,
    guard: 2_625_000,
    guardBurst: 525_000,
  },
  {
    name: "1G",
    rate: 1e9,
    bytes: 125e6,
    shape: 1_250_000,
    police: 25e6,
    guard: 131_250_000,
    guardBurst: 26_250_000,
  },
  {
    name: "100G",
    rate: 100e9,
    bytes: 12.5e9,
    shape: 125e6,
    police: 2.5e9,
    guard: 13.125e9,
    guardBurst: 2.625e9,
  },
  {
    name: "1P",
    rate: 1e15,
    bytes: 125e12,
    shape: 2 ** 32 - 1,
    police: 2 ** 32 - 1,
    guard: 131.25e12,
    guardBurst: 2 ** 32 - 1,
  },
];

describe("our own burst at MTU 1500", () => {
  it.each(table)("for shaping $name: 10 ms of rate, at least two packets", ({ rate, bytes, shape }) => {
    expect(shapeBucket(capOf(rate), 1500)).toEqual({ rate: bytes, burst: shape });
  });

  it.each(table)("for policing $name: 200 ms of rate, at least a GSO packet", ({ rate, bytes, police }) => {
    expect(policeBucket(capOf(rate), 1500)).toEqual({ rate: bytes, burst: police });
  });

  it.each(table)("for the guard of $name: 5 % above the cap", ({ rate, guard, guardBurst }) => {
    expect(guardBucket(capOf(rate))).toEqual({ rate: guard, burst: guardBurst });
  });

  it.each(table)("of $name fits the kernel's 32 bits of 64 ns and tc's 32 bits of bytes", ({ rate }) => {
    for (const { rate: bytes, burst } of [
      shapeBucket(capOf(rate), 1500),
      policeBucket(capOf(rate), 1500),
      guardBucket(capOf(rate)),
    ]) {
      expect(burst / bytes / 64e-9).toBeLessThan(2 ** 32);
      expect(burst).toBeLessThan(2 ** 32);
      expect(Number.isInteger(burst) && Number.isInteger(bytes)).toBe(true);
    }
  });
});

it("a cap is never exceeded for a fraction of a byte: rates round down", () => {
  expect(shapeBucket(capOf(8_007), 1500).rate).toBe(1_000);
});

it("a shaper that stands in for a policer holds one packet", () => {
  expect(noQueue).toEqual({ kind: "pfifo", limitPackets: 1 });
});
