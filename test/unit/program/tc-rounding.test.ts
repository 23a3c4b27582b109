/** CHECK must not fail a pod for tc's rounding, whatever the rate, burst and MTU, nor overlook what somebody changed. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tcDrift } from "../../../plugin/program/tc/drift.ts";
import { parseTc } from "../../../plugin/program/tc/parse.ts";
import type { TcObject } from "../../../plugin/program/tc/objects.ts";
import { repetitions } from "../../lab/measure/repetitions.ts";
import { devices, ratesUpTo } from "../support/arbitrary.ts";
import { printTc } from "../support/tc-print.ts";
import { general, printRate, printSize, printTime, type Tc } from "../support/tc-units.ts";

const versions: readonly Tc[] = ["6.1", "6.14", "6.16"];
const runs = { numRuns: repetitions(30_000) };

describe.each(versions)("what iproute2 %s prints", (tc) => {
  it("of any cap up to 1P is no drift", () => {
    fc.assert(
      fc.property(devices("eth0", ratesUpTo(1e15)), (objects) => {
        expect(tcDrift(objects, [parseTc("eth0", printTc(objects, tc))])).toEqual([]);
      }),
      runs,
    );
  });

  it("and then is 2 % off in a rate or a burst is drift, up to 100G", () => {
    fc.assert(
      fc.property(devices("eth0", ratesUpTo(100e9)), fc.constantFrom(0.98, 1.02), (objects, factor) => {
        const seen = parseTc("eth0", printTc(objects, tc));
        for (const [at, object] of seen.objects.entries()) {
          for (const { field, altered } of alterations(object, factor)) {
            const drift = tcDrift(objects, [{ ...seen, objects: seen.objects.with(at, altered) }]);
            expect(drift).toEqual([expect.stringContaining(`: ${field} is `)]);
          }
        }
      }),
      runs,
    );
  });
});

type Alteration = { readonly field: string; readonly altered: TcObject };

/** The object with each of its rates and bursts changed, where 2 % are more than twice what tc itself rounds away. */
function alterations(object: TcObject, factor: number): readonly Alteration[] {
  if (!("rate" in object)) return [];
  return Object.entries(object).flatMap(([field, value]) => {
    if (typeof value !== "number" || !["rate", "ceil", "burst", "cburst"].includes(field)) return [];
    const rounded = (value < 2 ** 20 ? 16 : 1024) + object.rate * 2.1e-6;
    const tells = field === "rate" || field === "ceil" || (value < 1e9 && value * 0.02 > 2 * rounded);
    return tells ? [{ field, altered: { ...object, [field]: value * factor } }] : [];
  });
}

describe("the printer of these tests has iproute2's rules", () => {
  it.each([
    [125, "1Kbit"],
    [131, "1048bit"],
    [154_320, "1234Kbit"],
    [125_000, "1Mbit"],
    [187_500, "1500Kbit"],
    [124_999_999, "999999Kbit"],
    [1_249_999_999, "9999Mbit"],
    [125e12, "1000Tbit"],
  ])("rates: %d B/s is %s", (rate, text) => expect(printRate(rate)).toBe(text));

  it.each([
    [1023, "1023b"],
    [1024, "1Kb"],
    [1039, "1Kb"],
    [1040, "1040b"],
    [131_072, "128Kb"],
    [1_048_576, "1Mb"],
    [1_049_599, "1Mb"],
    [1_049_600, "1025Kb"],
    [1_073_792_000, "1.04862e+06Kb"],
    [4_294_967_295, "4096Mb"],
  ])("sizes: %d is %s", (size, text) => expect(printSize(size)).toBe(text));

  it.each([
    [999, "999us"],
    [4_999, "5ms"],
    [999_560, "1e+03ms"],
    [1_000_000, "1s"],
    [18_168_000, "18.2s"],
  ])("times: %d µs is %s", (time, text) => expect(printTime(time)).toBe(text));

  it.each([
    [1_048_625, 6, "1.04862e+06"],
    [1_048_635, 6, "1.04864e+06"],
    [999_999.5, 6, "1e+06"],
    [12.5, 6, "12.5"],
  ])("floats: %d with %d digits is %s", (value, digits, text) => expect(general(value, digits)).toBe(text));
});
