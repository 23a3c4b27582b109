import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../plugin/errors.ts";
import {
  frameBytes,
  guardBucket,
  limitBucket,
  policeBucket,
  shapeBucket,
} from "../../../plugin/datapath/rates.ts";
import { capOf } from "../support/cap.ts";
import { refusal } from "../support/refusal.ts";

describe("a wished burst", () => {
  it.each([
    [20e6, 400_000, 50_000],
    [20e6, 1, 1],
    [20e6, 15, 1],
    [1e9, 2 ** 31, 2 ** 28],
  ])("at %d bit/s of %d bits becomes %d bytes", (rate, burst, bytes) => {
    expect(shapeBucket(capOf(rate, burst), 1500).burst).toBe(bytes);
  });

  it("is the guard's too where it is larger than the guard's own", () => {
    expect(guardBucket(capOf(20e6, 8e6)).burst).toBe(1_000_000);
    expect(guardBucket(capOf(20e6, 8e4)).burst).toBe(525_000);
  });

  it("beyond what the kernel's clock holds is refused with the limit", () => {
    const { code, message } = refusal(() => shapeBucket(capOf(8e3, 3e6), 1500));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toBe(
      "annotation egress-burst: 3000000 is not valid: the kernel keeps a burst as a time of at most 274 s, " +
        "at 8000 bit/s that is 2199016 bits",
    );
    expect(shapeBucket(capOf(8e3, 2_199_016), 1500).burst).toBe(274_877);
  });

  it.each(["shape", "police"] as const)("beyond 32 bits of bytes is refused for %s", (discipline) => {
    const { code, message } = refusal(() => limitBucket(capOf(1e12, 40e9), discipline, 1500));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toBe(
      "annotation egress-burst: 40000000000 is not valid: tc takes a burst as 32 bits of bytes, at most 34359738360 bits",
    );
    expect(limitBucket(capOf(1e12, 34_359_738_360), discipline, 1500).burst).toBe(2 ** 32 - 1);
  });

  it("that never lets a full packet through a policer is refused", () => {
    const { code, message } = refusal(() => policeBucket(capOf(20e6, 12_104), 1500));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(
      "annotation egress-burst: a policer with a burst of 12104 bits never passes a full packet of MTU 1500",
    );
    expect(message).toContain("it takes 12112 bits or more");
    expect(policeBucket(capOf(20e6, 12_112), 1500).burst).toBe(1514);
  });
});

describe("the MTU", () => {
  it.each([
    [68, 82, 164],
    [1500, 1514, 3_028],
    [9000, 9014, 18_028],
    [65_535, 65_549, 131_098],
  ])("of %d makes frames of %d bytes and a burst of %d", (mtu, frame, burst) => {
    expect(frameBytes(mtu)).toBe(frame);
    expect(shapeBucket(capOf(100e3), mtu)).toEqual({ rate: 12_500, burst });
    expect(policeBucket(capOf(100e3), mtu).burst).toBe(69_632);
  });

  it.each([
    [65_535, 8_744],
    [9000, 1_208],
  ])("of %d needs %d bit/s to shape: a slower packet would take more than a minute", (mtu, lowest) => {
    expect(shapeBucket(capOf(lowest), mtu).rate).toBe(lowest / 8);
    const { code, message } = refusal(() => shapeBucket(capOf(lowest - 8), mtu));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(
      `annotation egress-bandwidth: the kernel cannot hold ${lowest - 8} bit/s at an MTU of ${mtu}`,
    );
    expect(message).toContain(`the lowest rate for this MTU is ${lowest} bit/s`);
  });

  it("of 65535 is too much for a policer at 1k", () => {
    expect(refusal(() => policeBucket(capOf(1e3), 65_535)).code).toBe(ErrorCode.invalidConfig);
  });

  it.each([1e3, 8e3, 20e6, 1e15])("never keeps %d bit/s from being shaped at 1500", (rate) => {
    expect(shapeBucket(capOf(rate), 1500).rate).toBe(rate / 8);
  });
});
