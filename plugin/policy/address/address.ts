/** IP addresses as groups of 16 bits, two or eight of them: text to numbers and back, by ipaddr.js. Pure. */
import ipaddr from "ipaddr.js";
import type { IpFamily } from "../rule/rule.ts";

export type Address = { readonly family: IpFamily; readonly groups: readonly number[] };

export function parseAddress(text: string): Address | undefined {
  if (text.length > longest) return undefined;
  const family = text.includes(":") ? 6 : 4;
  const groups = family === 6 ? parseV6(text) : parseV4(text);
  return groups === undefined ? undefined : { family, groups };
}

/** Eight groups of IPv6, the last two written as IPv4. */
const longest = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".length;

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
 * IPv6 as RFC 5952 wants it and the tools print it: behind six zero groups, or five and ffff, the rest as an IPv4 address, which
 * ipaddr.js leaves in hexadecimal.
 */
export function formatAddress({ family, groups }: Address): string {
  if (family === 4) return dotted(groups);
  const zeros = groups.findIndex((group) => group !== 0);
  if (zeros === 6) return `::${dotted(groups.slice(6))}`;
  if (zeros === 5 && groups[5] === mappedGroup) return `::ffff:${dotted(groups.slice(6))}`;
  return new ipaddr.IPv6([...groups]).toRFC5952String();
}

function dotted(groups: readonly number[]): string {
  return new ipaddr.IPv4(groups.flatMap((group) => [group >> 8, group & 0xff])).toString();
}

/**
 * ipaddr.js takes octal and hexadecimal octets too, and fewer than four of them. Readers differ on what those mean, so for us
 * they are no address.
 */
function parseV4(text: string): readonly number[] | undefined {
  const octets = fourDecimals.test(text) ? orNothing(() => ipaddr.IPv4.parse(text).octets) : undefined;
  if (octets === undefined) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  return [a * 256 + b, c * 256 + d];
}

const fourDecimals = /^(?:0|[1-9]\d{0,2})(?:\.(?:0|[1-9]\d{0,2})){3}$/;

/** The last four octets may be written as an IPv4 address. Read first, since ipaddr.js takes ::192.0.2.1 for ::ffff:192.0.2.1. */
function parseV6(text: string): readonly number[] | undefined {
  const whole = text.includes(".") ? inHexadecimal(text) : text;
  // An address with a zone is one of a link, not of a packet.
  if (whole === undefined || whole.includes("%")) return undefined;
  return orNothing(() => ipaddr.IPv6.parse(whole).parts);
}

function inHexadecimal(text: string): string | undefined {
  const end = text.lastIndexOf(":") + 1;
  const groups = parseV4(text.slice(end));
  return groups && text.slice(0, end) + groups.map((group) => group.toString(16)).join(":");
}

/** ipaddr.js throws at what is no address. */
function orNothing<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
