import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../plugin/errors.ts";
import { parseBandwidth, parseBurst } from "../../../plugin/policy/cap/quantity.ts";
import { refusal } from "../support/refusal.ts";

const field = "annotation kubernetes.io/egress-bandwidth";

describe("parseBandwidth", () => {
  it.each([
    ["1k", 1_000],
    ["1000", 1_000],
    ["999001m", 1_000],
    ["10M", 10_000_000],
    ["100M", 100_000_000],
    ["1Mi", 1_048_576],
    ["1.5G", 1_500_000_000],
    ["1e9", 1_000_000_000],
    ["1P", 1_000_000_000_000_000],
  ])("004-14 reads %s as %d bit/s", (text, value) => {
    expect(parseBandwidth(field, text)).toBe(value);
  });

  it.each([
    "999",
    "0",
    "-1M",
    "0.9k",
    "999000m",
    "1.0000001P",
    "1001T",
    "10E",
    "1e20",
    "",
    " 1M",
    "1 M",
    "1Mbit",
    "abc",
    "1MB",
  ])("refuses %j, naming field, value and range", (text) => {
    const { code, message } = refusal(() => parseBandwidth(field, text));
    expect(code).toBe(ErrorCode.invalidConfig);
    expect(message).toContain(`${field}: ${JSON.stringify(text)} is not valid: `);
    expect(message).toContain("from 1k to 1P");
  });

  it("004-14 refuses 100m: it is a tenth of a bit, and says what was meant", () => {
    const { message } = refusal(() => parseBandwidth(field, "100m"));
    expect(message).toContain('did you mean "100M"?');
  });

  it("refuses 10K and says how Kubernetes writes kilo", () => {
    expect(refusal(() => parseBandwidth(field, "10K")).message).toContain('writes kilo as "k"');
  });

  it.each([1_000_000, null, true, {}, ["1M"]])("refuses %j, which is not a string", (value) => {
    expect(refusal(() => parseBandwidth(field, value)).message).toContain(
      `${JSON.stringify(value)} is not valid`,
    );
  });
});

it.each([
  [() => parseBandwidth("defaults.egressBandwidth", 200_000_000), '"200000000"'],
  [() => parseBurst("uplink.classes.a.burst", 400_000), '"400000"'],
])("a number is told to be written as a string", (read, text) => {
  expect(refusal(read).message).toContain(`write it as a string: ${text}`);
});

describe("parseBurst", () => {
  it.each([
    ["1", 1],
    ["1m", 1],
    ["400k", 400_000],
    ["1Mi", 1_048_576],
    ["34359738359", 34_359_738_359],
  ])("reads %s as %d bits", (text, value) => {
    expect(parseBurst("annotation pod-qos/egress-burst", text)).toBe(value);
  });

  it.each(["0", "-1", "32Gi", "34359738360", "1P", "", "x", "1Kb"])(
    "refuses %j: above 0 and below 32Gi",
    (text) => {
      const { code, message } = refusal(() => parseBurst("annotation pod-qos/egress-burst", text));
      expect(code).toBe(ErrorCode.invalidConfig);
      expect(message).toContain(`annotation pod-qos/egress-burst: ${JSON.stringify(text)}`);
      expect(message).toContain("above 0 and below 32Gi");
    },
  );
});
