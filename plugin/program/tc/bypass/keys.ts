/** What u32 and flower ask of a packet, as bits, from tc's words. Pure. */
import type { Bits } from "./cover.ts";

type Condition = { readonly bits: Bits; readonly isExact: boolean };

/** Tables from 800: on are where a look-up begins; who is asked in another depends on who leads there. */
const firstRootTable = 0x800;

export function u32Bits(text: string): Condition {
  const table = parseInt(/ key ht ([0-9a-f]+)/.exec(text)?.[1] ?? "0", 16);
  const keys = [...text.matchAll(/ match ([0-9a-f]{8})\/([0-9a-f]{8}) at (\S+)/g)];
  return {
    bits: new Map(
      keys.flatMap(([, value = "", mask = "", at = ""]) =>
        masked(`at ${at}`, parseInt(value, 16), parseInt(mask, 16), 32),
      ),
    ),
    // "mark 0x1 0x1", "input dev eth1": something else is asked as well.
    isExact: table >= firstRootTable && !/ mark | input dev /.test(text),
  };
}

/** Its keys stand, in words, between what the filter is called and whether hardware has it. */
export function flowerBits(text: string): Condition {
  const [, words = ""] =
    /\bhandle 0x[0-9a-f]+ (.*?)\s*(?:\bskip_hw\b|\bskip_sw\b|\bnot_in_hw\b|\bin_hw\b|\baction order\b|$)/.exec(
      text,
    ) ?? [];
  const keys = [...words.matchAll(/(\S+) (\S+)/g)].filter(([, key = ""]) => !asksNothing.has(key));
  const bits = keys.map(([, key = "", value = ""]) => keyBits(key, value));
  return {
    bits: new Map(bits.flatMap((found) => found ?? [])),
    isExact: bits.every((found) => found !== undefined),
  };
}

const asksNothing = new Set(["eth_type", "classid", "hw_tc"]);

type Found = readonly (readonly [string, boolean])[];

/** undefined where the key is not understood: it may be true of nearly every packet. */
function keyBits(key: string, value: string): Found | undefined {
  switch (key) {
    case "ip_proto":
      return numberBits(key, String(protocols[value] ?? value), 8);
    case "dst_port":
    case "src_port":
      return numberBits(key, value, 16);
    case "dst_ip":
    case "src_ip":
      return addressBits(key, value);
    default:
      return undefined;
  }
}

const protocols: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 };

function numberBits(key: string, text: string, width: number): Found | undefined {
  return /^\d+$/.test(text) ? masked(key, Number(text), 2 ** width - 1, width) : undefined;
}

function addressBits(key: string, text: string): Found | undefined {
  const [, address = "", prefix = "32"] = /^(\d+\.\d+\.\d+\.\d+)(?:\/(\d+))?$/.exec(text) ?? [];
  if (address === "") return undefined;
  const value = address.split(".").reduce((number, part) => number * 256 + Number(part), 0);
  return masked(key, value, 2 ** 32 - 2 ** (32 - Number(prefix)), 32);
}

function masked(place: string, value: number, mask: number, width: number): Found {
  return Array.from({ length: width }, (_, at) => at)
    .filter((at) => bit(mask, at))
    .map((at) => [`${place} bit ${at}`, bit(value, at)] as const);
}

function bit(number: number, at: number): boolean {
  return Math.floor(number / 2 ** at) % 2 === 1;
}
