/**
 * Kubernetes quantities, exactly as apimachinery's resource.Quantity parses them: `50M`, `1Gi`, `1.5e6`, `500m`. Pure.
 * Exact decimal arithmetic in BigInt; the value rounds up to a whole number, as Quantity.Value() does.
 */
import { invalidValue } from "../../errors.ts";

export function parseQuantity(text: string): bigint | undefined {
  // A suffix starts with a letter: were digits allowed there, a long text of them would be tried in every split.
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?((?:[a-zA-Z]+[+-]?\d*)?)$/.exec(text);
  if (parts === null) return undefined;
  const [, sign = "", whole = "", fraction = "", suffix = ""] = parts;
  if (whole + fraction === "") return undefined;
  const scale = scaleOf(suffix);
  if (scale === undefined) return undefined;
  const exponent = scale.power - BigInt(fraction.length);
  const digits = BigInt(whole + fraction) * scale.factor;
  const magnitude = exponent >= 0n ? digits * 10n ** exponent : divideUp(digits, 10n ** -exponent);
  return sign === "-" ? -magnitude : magnitude;
}

/** The range both kubelet and containerd hold kubernetes.io/*-bandwidth to, both ends allowed. */
const lowestRate = 1_000n;
const highestRate = 1_000_000_000_000_000n;

const bandwidthAllowed = 'a Kubernetes quantity in bit/s from 1k to 1P, for example "50M"';
const burstAllowed = 'a Kubernetes quantity in bits, above 0 and below 32Gi, for example "400k"';

/** A rate in bit/s. */
export function parseBandwidth(field: string, text: unknown): number {
  const value = typeof text === "string" ? parseQuantity(text) : undefined;
  if (value === undefined || value < lowestRate || value > highestRate) {
    throw invalidValue(field, text, bandwidthAllowed + hint(text));
  }
  return Number(value);
}

/** Bits from which on no bucket is taken: tc tells the kernel of it in bytes, in 32 bits. */
export const burstEnd = 8 * 0xffff_ffff;

/** A bucket in bits. */
export function parseBurst(field: string, text: unknown): number {
  const value = typeof text === "string" ? parseQuantity(text) : undefined;
  if (value === undefined || value <= 0n || value >= burstEnd) {
    throw invalidValue(field, text, burstAllowed + hint(text));
  }
  return Number(value);
}

type Scale = { readonly factor: bigint; readonly power: bigint };

const decimalPowers: Readonly<Record<string, bigint>> = {
  n: -9n,
  u: -6n,
  m: -3n,
  "": 0n,
  k: 3n,
  M: 6n,
  G: 9n,
  T: 12n,
  P: 15n,
  E: 18n,
};
const binarySuffixes = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

function scaleOf(suffix: string): Scale | undefined {
  const power = Object.hasOwn(decimalPowers, suffix) ? decimalPowers[suffix] : undefined;
  if (power !== undefined) return { factor: 1n, power };
  const binary = binarySuffixes.indexOf(suffix);
  if (binary >= 0) return { factor: 1024n ** BigInt(binary + 1), power: 0n };
  const [, sign, exponent] = /^[eE]([+-]?)0*(\d{1,3})$/.exec(suffix) ?? [];
  if (exponent === undefined) return undefined;
  return { factor: 1n, power: sign === "-" ? -BigInt(exponent) : BigInt(exponent) };
}

function divideUp(value: bigint, divisor: bigint): bigint {
  return value / divisor + (value % divisor > 0n ? 1n : 0n);
}

function hint(text: unknown): string {
  if (typeof text === "number") return `; write it as a string: "${text}"`;
  if (typeof text !== "string") return "";
  if (/^\d+m$/.test(text)) return `; the suffix "m" means thousandths, did you mean "${text.slice(0, -1)}M"?`;
  if (/^\d+K$/.test(text)) return `; Kubernetes writes kilo as "k"`;
  return "";
}
