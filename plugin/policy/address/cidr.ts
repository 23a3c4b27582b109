/** CIDR blocks: read as Kubernetes reads them, and what holds between them. Pure. */
import { invalidValue } from "../../errors.ts";
import { formatAddress, parseAddress, type Address } from "./address.ts";
import type { Cidr, IpFamily } from "../rule/rule.ts";

const allowed = 'a CIDR such as "192.0.2.0/24" or "2001:db8::/32"';

type Answer = { readonly read: Cidr } | { readonly allowed: string };

/** Host bits may be set: Kubernetes takes 10.1.2.3/8 for 10.0.0.0/8, and so must we. */
export function readCidr(value: unknown): Answer {
  if (typeof value !== "string") return { allowed };
  const slash = value.indexOf("/");
  const address = parseAddress(slash < 0 ? value : value.slice(0, slash));
  if (slash < 0) {
    const whole = address === undefined ? "" : `; for one address write "${value}/${bitsOf(address.family)}"`;
    return { allowed: allowed + whole };
  }
  const length = value.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(length)) return { allowed };
  const prefix = Number(length);
  if (prefix > bitsOf(address.family)) {
    return { allowed: `${allowed}: an IPv${address.family} prefix is 0 to ${bitsOf(address.family)}` };
  }
  if (isMappedV4(address) && prefix >= 96) {
    return { allowed: `${allowed}; no packet carries an IPv4-mapped address: write the IPv4 block` };
  }
  const { family, groups } = masked(address, prefix);
  const cidr: Cidr = { family, address: formatAddress({ family, groups }), prefix };
  nets.set(cidr, { family, groups, prefix });
  return { read: cidr };
}

export function parseCidr(field: string, value: unknown): Cidr {
  const answer = readCidr(value);
  if ("read" in answer) return answer.read;
  throw invalidValue(field, value, answer.allowed);
}

/** Of each block that was read here: a list of rules can have a hundred thousand, and each is asked for several times. */
const nets = new WeakMap<Cidr, Net>();

/** A block, or the one address that it would hold: upstream's own objects name both as exceptions. */
export function readBlockOrAddress(value: unknown): Answer {
  const address = typeof value === "string" && !value.includes("/") ? parseAddress(value) : undefined;
  return readCidr(address === undefined ? value : `${String(value)}/${bitsOf(address.family)}`);
}

export function bitsOf(family: IpFamily): 32 | 128 {
  return family === 4 ? 32 : 128;
}

export function formatCidr({ address, prefix }: Cidr): string {
  return `${address}/${prefix}`;
}

/** A block with its address as numbers, for whoever compares many. */
export type Net = Address & { readonly prefix: number };

export function netOf(cidr: Cidr): Net {
  const known = nets.get(cidr);
  if (known !== undefined) return known;
  const parsed = parseAddress(cidr.address);
  if (parsed === undefined) throw new Error(`${cidr.address} is in a Cidr, so it was parsed once`);
  const net = { family: parsed.family, groups: parsed.groups, prefix: cidr.prefix };
  nets.set(cidr, net);
  return net;
}

export function contains(net: Net, address: Address): boolean {
  return net.family === address.family && samePrefix(net, address, net.prefix);
}

/** Whether every address of `inner` is one of `outer`. */
export function covers(outer: Net, inner: Net): boolean {
  return outer.prefix <= inner.prefix && contains(outer, inner);
}

function masked({ family, groups }: Address, prefix: number): Address {
  return { family, groups: groups.map((group, at) => group & groupMask(prefix - at * 16)) };
}

function samePrefix(a: Address, b: Address, prefix: number): boolean {
  return a.groups.every((group, at) => {
    const mask = groupMask(prefix - at * 16);
    return (group & mask) === ((b.groups[at] ?? 0) & mask);
  });
}

/** The mask of one group of which `bits` belong to the network. */
function groupMask(bits: number): number {
  return bits <= 0 ? 0 : bits >= 16 ? 0xffff : (0xffff << (16 - bits)) & 0xffff;
}

function isMappedV4({ family, groups }: Address): boolean {
  return family === 6 && groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
}
