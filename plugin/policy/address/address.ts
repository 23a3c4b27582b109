/** IP addresses as groups of 16 bits, two or eight of them: text to numbers and back. Pure. */
import type { Family } from "../rule/rule.ts";

export type Address = { readonly family: Family; readonly groups: readonly number[] };

export function parseAddress(text: string): Address | undefined {
  const family = text.includes(":") ? 6 : 4;
  const groups = family === 6 ? parseV6(text) : parseV4(text);
  return groups === undefined ? undefined : { family, groups };
}

/**
 * An address that packets of a pod can have; undefined where the text is none, or says that there is none (0.0.0.0, ::). An
 * IPv4 address written as IPv6 (::ffff:192.0.2.1) is the IPv4 address: so the plugins that make interfaces read it.
 */
export function hostAddress(text: string): Address | undefined {
  const address = parseAddress(text);
  if (address === undefined || address.groups.every((group) => group === 0)) return undefined;
  const isMapped =
    address.groups.length === 8 &&
    address.groups[5] === mappedGroup &&
    address.groups.slice(0, 5).every((group) => group === 0);
  return isMapped ? hostAddress(formatAddress({ family: 4, groups: address.groups.slice(6) })) : address;
}

const mappedGroup = 0xffff;

/**
 * IPv6 as RFC 5952 wants it and the tools print it: the longest run of zeros as `::`, the first of equals, never a single one;
 * behind six zero groups, or five and ffff, the rest as an IPv4 address.
 */
export function formatAddress({ family, groups }: Address): string {
  if (family === 4) return groups.map((group) => `${group >> 8}.${group & 0xff}`).join(".");
  const hex = groups.map((group) => group.toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return hex.join(":");
  const end = formatAddress({ family: 4, groups: groups.slice(6) });
  if (start === 0 && length === 6) return `::${end}`;
  if (start === 0 && length === 5 && groups[5] === mappedGroup) return `::ffff:${end}`;
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

/**
 * Octets with leading zeros are octal for some readers and decimal for others, so for us they are neither. Digit by digit: a
 * policy directory can have a hundred thousand of these, and ADD reads them.
 */
function parseV4(text: string): readonly number[] | undefined {
  let [value, octet, digits, dots] = [0, 0, 0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === dot) {
      if (digits === 0 || dots === 3) return undefined;
      value = value * 256 + octet;
      [octet, digits, dots] = [0, 0, dots + 1];
      continue;
    }
    // A zero goes on with nothing.
    if (code < zero || code > nine || (digits > 0 && octet === 0)) return undefined;
    octet = octet * 10 + code - zero;
    digits += 1;
    if (octet > 255) return undefined;
  }
  if (dots !== 3 || digits === 0) return undefined;
  return [Math.floor(value / 256), (value % 256) * 256 + octet];
}

const [dot, zero, nine] = [0x2e, 0x30, 0x39];

function parseV6(text: string): readonly number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, at) => groupsOf(half, at === halves.length - 1));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}

/** The last four octets of an address may be written as an IPv4 address. */
function groupsOf(text: string, isEnd: boolean): readonly number[] | undefined {
  if (text === "") return [];
  const words = text.split(":");
  const groups: number[] = [];
  for (const [at, word] of words.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(word)) {
      groups.push(Number.parseInt(word, 16));
      continue;
    }
    const embedded = isEnd && at === words.length - 1 ? parseV4(word) : undefined;
    if (embedded === undefined) return undefined;
    groups.push(...embedded);
  }
  return groups;
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let run = 0;
  for (const [at, group] of groups.entries()) {
    run = group === 0 ? run + 1 : 0;
    if (run > best.length) best = { start: at - run + 1, length: run };
  }
  return best;
}
