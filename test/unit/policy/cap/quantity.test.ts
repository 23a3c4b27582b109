import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseQuantity } from "../../../../plugin/policy/cap/quantity.ts";
import { fixture } from "../../support/fixture.ts";
import { crowding } from "../../../lab/measure/machine.ts";

type Row = { readonly text: string; readonly value: string | null; readonly exact: string | null };

/** What resource.ParseQuantity of k8s.io/apimachinery makes of each text: golden/quantity/main.go wrote it. */
const golden = JSON.parse(fixture("golden", "quantity.json")) as readonly Row[];

/** A sign, a point or a suffix alone is zero to Kubernetes. No amount is zero, so this deviation changes no answer. */
const withoutDigits = golden.filter(
  ({ text, exact }) => exact === "0" && !/\d/.test(text.replace(/[eE]\d+$/, "")),
);
const cap63 = 2n ** 63n - 1n;

describe("parseQuantity and Kubernetes' own parser", () => {
  const compared = golden.filter((row) => !withoutDigits.includes(row));

  it.each(compared)("004-14 agree on $text", ({ text, exact }) => {
    const ours = parseQuantity(text);
    // Kubernetes caps binary quantities at 63 bits; here they stay exact, out of every range all the same.
    const capped = text.endsWith("i") && ours !== undefined && ours > cap63 ? cap63 : ours;
    expect(capped?.toString() ?? null).toBe(exact);
  });

  it("differ only where there is no digit, which Kubernetes reads as zero", () => {
    expect(withoutDigits.map(({ text }) => text)).toEqual([
      ".",
      "+",
      "-",
      "+.",
      "-.",
      "M",
      "Mi",
      "m",
      "e3",
      "E3",
      ".M",
    ]);
    expect(withoutDigits.map(({ text }) => parseQuantity(text))).toEqual(withoutDigits.map(() => undefined));
  });

  it("accept the same texts as a bandwidth, also where Go's 63 bits wrap round", () => {
    const kubelet = golden.filter(({ value }) => value !== null && isBandwidth(BigInt(value)));
    const ours = golden.filter(({ text }) => isBandwidth(parseQuantity(text)));
    expect(ours.map(({ text }) => text)).toEqual(kubelet.map(({ text }) => text));
    expect(ours.length).toBeGreaterThan(20);
  });
});

function isBandwidth(value: bigint | undefined): boolean {
  return value !== undefined && value >= 1_000n && value <= 1_000_000_000_000_000n;
}

describe("parseQuantity", () => {
  const scales = [
    ["", 1n],
    ["k", 10n ** 3n],
    ["M", 10n ** 6n],
    ["G", 10n ** 9n],
    ["T", 10n ** 12n],
    ["P", 10n ** 15n],
    ["E", 10n ** 18n],
    ["Ki", 2n ** 10n],
    ["Mi", 2n ** 20n],
    ["Gi", 2n ** 30n],
    ["Ti", 2n ** 40n],
    ["Pi", 2n ** 50n],
    ["Ei", 2n ** 60n],
  ] as const;
  const whole = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });
  /** Decimals without a suffix, such as 12.034 or .5. */
  const decimal = fc.stringMatching(/^\d{0,12}\.\d{1,9}$/);

  it.each(scales)("reads n%s as n times %d", (suffix, factor) => {
    fc.assert(fc.property(whole, (n) => parseQuantity(`${n}${suffix}`) === n * factor));
  });

  it.each([
    ["m", 1_000n],
    ["u", 1_000_000n],
    ["n", 1_000_000_000n],
  ] as const)("rounds n%s up to the next whole number of n/%d", (suffix, divisor) => {
    const natural = fc.bigInt({ min: 0n, max: 10n ** 20n });
    fc.assert(
      fc.property(natural, (n) => {
        const value = parseQuantity(`${n}${suffix}`) ?? -1n;
        expect(value * divisor >= n && (value - 1n) * divisor < n).toBe(true);
      }),
    );
  });

  it("reads every decimal with k as with e3 and E3", () => {
    fc.assert(
      fc.property(decimal, (text) => {
        expect(parseQuantity(`${text}k`)).toBe(parseQuantity(`${text}e3`));
        expect(parseQuantity(`${text}k`)).toBe(parseQuantity(`${text}E+3`));
        expect(parseQuantity(`${text}G`)).toBe(parseQuantity(`${text}e9`));
      }),
    );
  });

  it("shifts the point: 1.5G is 1500M", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 999 }), (units, thousandths) => {
        const fraction = String(thousandths).padStart(3, "0");
        expect(parseQuantity(`${units}.${fraction}G`)).toBe(parseQuantity(`${units}${fraction}M`));
      }),
    );
  });

  it("is odd: the negative text has the negative value", () => {
    fc.assert(
      fc.property(decimal, fc.constantFrom("", "m", "k", "Ki", "e2"), (text, suffix) => {
        const value = parseQuantity(text + suffix) ?? 0n;
        expect(parseQuantity(`-${text}${suffix}`)).toBe(-value);
        expect(parseQuantity(`+${text}${suffix}`)).toBe(value);
      }),
    );
  });

  it("never throws", () => {
    const near = fc.stringMatching(/^[-+.\dkKMGTPEimnue]{0,12}$/);
    fc.assert(fc.property(fc.oneof(fc.string(), near), (text) => void parseQuantity(text)));
  });

  it.each(["!", "e", "-", ".1.", "é"])(
    "refuses an annotation of 256 KiB of digits and %s at once",
    async (end) => {
      const started = performance.now();
      expect(parseQuantity("1".repeat(256 * 1024) + end)).toBeUndefined();
      expect(performance.now() - started).toBeLessThan(1000 * (await crowding()));
    },
  );

  it.each(["1e1000", "1e-1000", "1e999999999", "1E99999999999999999999"])(
    "refuses %s without working it out",
    (text) => {
      expect(parseQuantity(text)).toBeUndefined();
    },
  );
});
