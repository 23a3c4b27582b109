/**
 * Filters of a root qdisc that sort packets into its classes by DSCP, as cls_u32, which every kernel has: `tc` words out, a joined
 * line of `tc` in. Pure.
 */
import type { DscpFilter } from "./objects.ts";
import { word } from "./units.ts";

/** The preferences that are ours at a root: those of others are let alone. `tagged`: the first for packets with a VLAN tag. */
export const dscpPrefs = { first: 905, tagged: 905 + 2 * 1000, last: 905 + 4 * 1000 - 1 } as const;

type Field = Pick<DscpFilter, "protocol" | "tagged">;

/**
 * The handle makes a second one at the same preference an error. The traffic class of IPv6 lies across two bytes; tc knows
 * how, and the DSCP is in its upper six bits. With a VLAN tag the kernel compares with the tag's protocol, so what is inside is
 * recognised by the version of IP; the packet still begins at its IP header.
 */
export function dscpWords({ dev, parent, pref, classid, dscp, ...field }: DscpFilter): string {
  const { protocol, tagged } = field;
  const untagged = protocol === "ip" ? "ip dsfield" : "ip6 priority";
  const match = tagged
    ? `u32 0x${hex(valueOf(field, dscp))} 0x${maskOf(field)} at 0`
    : `${untagged} 0x${(dscp << 2).toString(16)} 0xfc`;
  return (
    `filter add dev ${dev} parent ${parent} protocol ${tagged ? vlan : protocol} pref ${pref} handle ::1 ` +
    `u32 match ${match} classid ${classid}`
  );
}

export function filterRemoval(dev: string, parent: string, pref: number): string {
  return `filter del dev ${dev} parent ${parent} pref ${pref}`;
}

/** At one of our preferences, as we make it or not. The lines of a hash table name no class and are none. */
export function sorterPref(line: string): number | undefined {
  const [, text] =
    /^filter parent \S+ protocol \S+ pref (\d+) u32 .*\bfh \S+::\S+ .*flowid \S/.exec(line) ?? [];
  const pref = Number(text);
  return pref >= dscpPrefs.first && pref <= dscpPrefs.last ? pref : undefined;
}

export function parseDscpFilter(dev: string, line: string): readonly DscpFilter[] {
  const pref = sorterPref(line);
  const [key, ...more] = [...line.matchAll(/ match (\S+)\/(\S+) at 0\b/g)];
  if (pref === undefined || key === undefined || more.length > 0) return [];
  const [, value = "", mask] = key;
  const field = fields.find(
    (each) => maskOf(each) === mask && (each.tagged ? vlan : each.protocol) === word(line, "protocol"),
  );
  if (field === undefined) return [];
  const dscp = (parseInt(value, 16) >>> shiftOf(field)) & 0x3f;
  if (hex(valueOf(field, dscp)) !== value) return [];
  return [
    {
      kind: "dscp",
      dev,
      parent: word(line, "parent"),
      pref,
      ...field,
      dscp,
      classid: /flowid (\S+)/.exec(line)?.[1] ?? "",
    },
  ];
}

const vlan = "802.1Q";

const fields: readonly Field[] = [
  { protocol: "ip" },
  { protocol: "ipv6" },
  { protocol: "ip", tagged: true },
  { protocol: "ipv6", tagged: true },
];

/** Of the first 32 bits of the header. */
function shiftOf({ protocol }: Field): number {
  return protocol === "ip" ? 18 : 22;
}

/** Of a tagged packet the version is compared too. */
function maskOf(field: Field): string {
  const version = field.tagged ? 0xf : 0;
  return hex(version * 2 ** 28 + 0x3f * 2 ** shiftOf(field));
}

function valueOf(field: Field, dscp: number): number {
  const version = !field.tagged ? 0 : field.protocol === "ip" ? 4 : 6;
  return version * 2 ** 28 + dscp * 2 ** shiftOf(field);
}

function hex(bits: number): string {
  return bits.toString(16).padStart(8, "0");
}
