import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../../../plugin/errors.ts";
import { parseDscp } from "../../../../plugin/policy/rule/dscp.ts";
import { refusal } from "../../support/refusal.ts";

/** Name and codepoint as the RFC prints them, in binary. */
const registry = [
  ["CS0", 0b000000],
  ["CS1", 0b001000],
  ["CS2", 0b010000],
  ["CS3", 0b011000],
  ["CS4", 0b100000],
  ["CS5", 0b101000],
  ["CS6", 0b110000],
  ["CS7", 0b111000],
  ["AF11", 0b001010],
  ["AF12", 0b001100],
  ["AF13", 0b001110],
  ["AF21", 0b010010],
  ["AF22", 0b010100],
  ["AF23", 0b010110],
  ["AF31", 0b011010],
  ["AF32", 0b011100],
  ["AF33", 0b011110],
  ["AF41", 0b100010],
  ["AF42", 0b100100],
  ["AF43", 0b100110],
  ["EF", 0b101110],
  ["VA", 0b101100],
  ["LE", 0b000001],
  ["DF", 0b000000],
] as const;

describe("parseDscp", () => {
  it.each(registry)("knows %s as %d (RFC 2474, 2597, 3246, 5865, 8622)", (name, codepoint) => {
    expect(parseDscp("dscp", name)).toBe(codepoint);
  });

  it("001-5 002-13 takes every number from 0 to 63, as a number and as a text", () => {
    const all = Array.from({ length: 64 }, (_, dscp) => dscp);
    expect(all.map((dscp) => parseDscp("dscp", dscp))).toEqual(all);
    expect(all.map((dscp) => parseDscp("dscp", String(dscp)))).toEqual(all);
  });

  it.each([-1, 64, 4.5, 100, 1e21, NaN, Infinity, "-1", "64", "4.5", "100", "046", "0x2e", "1e1", "+1"])(
    "001-5 refuses the number %s",
    (value) => {
      expect(refusal(() => parseDscp("dscp", value)).code).toBe(ErrorCode.invalidConfig);
    },
  );

  it.each([
    "ef",
    "Ef",
    "cs1",
    "CS8",
    "CS",
    "AF10",
    "AF14",
    "AF44",
    "AF50",
    "AF1",
    "",
    " ",
    " 46",
    "46 ",
    "46\n",
    "BE",
    "toString",
  ])("refuses the text %j", (value) => {
    const { message } = refusal(() => parseDscp("annotation pod-qos/dscp", value));
    expect(message).toContain(
      `annotation pod-qos/dscp: ${JSON.stringify(value)} is not valid: 0 to 63, or a name`,
    );
  });

  it.each([null, undefined, true, {}, [46]])("refuses %j, which is neither number nor text", (value) => {
    expect(refusal(() => parseDscp("defaults.dscp", value)).message).toMatch(/^defaults\.dscp: /);
  });
});
