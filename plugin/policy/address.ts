/** IP addresses as groups of 16 bits, two or eight of them: text to numbers and back. Pure. */
import type { Family } from "./rule.ts";

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
  if (family === 4) return groups.flatMap((group) => [group >> 8, group & 0xff]).join(".");
  const hex = groups.map((group) => group.toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return hex.join(":");
  const end = formatAddress({ family: 4, groups: groups.slice(6) });
  if (start === 0 && length === 6) return `::${end}`;
  if (start === 0 && length === 5 && groups[5] === mappedGroup) return `::ffff:${end}`;
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

/** Octets with leading zeros are octal for some readers and decimal for others, so for us they are neither. */
function parseV4(text: string): readonly number[] | undefined {
  const octets = text.split(".");
  if (octets.length !== 4) return undefined;
  if (!octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = octets.map(Number);
  return [a * 256 + b, c * 256 + d];
}

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
