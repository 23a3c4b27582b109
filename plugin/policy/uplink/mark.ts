/** A firewall mark, `0x1` or `0x1/0xff`: the value and which bits of the packet's mark are ours to set. Pure. */
import { invalidValue } from "../../errors.ts";

export type FirewallMark = { readonly value: number; readonly mask: number };

const ofKubeProxy = 0x4000 | 0x8000;

const markAllowed =
  'a mark such as "0x1", whose own bits are set and no others, or with a mask, "0x1/0xff"; 32 bits, not 0';

export function parseFirewallMark(field: string, written: unknown): FirewallMark {
  const text = typeof written === "number" ? String(written) : written;
  const parts = typeof text === "string" ? /^([^/]+)(?:\/([^/]+))?$/.exec(text) : null;
  const value = markValue(parts?.[1]);
  // Other agents keep their own bits in the same mark.
  const mask = parts?.[2] === undefined ? value : markValue(parts[2]);
  if (value === undefined || mask === undefined || value === 0 || mask === 0 || !within(value, mask)) {
    throw invalidValue(field, written, markAllowed);
  }
  if ((value & ofKubeProxy) !== 0) {
    throw invalidValue(
      field,
      written,
      "another mark: 0x4000 and 0x8000 are kube-proxy's, which masquerades what has the one and drops what has the other",
    );
  }
  return { value, mask };
}

/** Whether a packet with nothing but the one mark also carries the other. */
export function marksMatch(one: FirewallMark, other: FirewallMark): boolean {
  return (BigInt(one.value) & BigInt(other.mask)) === BigInt(other.value);
}

export function markInWords({ value, mask }: FirewallMark): string {
  return `0x${value.toString(16)}/0x${mask.toString(16)}`;
}

function markValue(text: string | undefined): number | undefined {
  if (text === undefined || !/^(0x[0-9a-fA-F]{1,8}|[0-9]{1,10})$/.test(text)) return undefined;
  const value = Number(text);
  return value <= 0xffff_ffff ? value : undefined;
}

function within(value: number, mask: number): boolean {
  return (BigInt(value) & ~BigInt(mask)) === 0n;
}
