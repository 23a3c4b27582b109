/**
 * Filters of a root qdisc that sort packets into its classes by DSCP, as cls_u32, which every kernel has: `tc` words out, a joined
 * line of `tc` in. Pure.
 */
import type { DscpFilter } from "./objects.ts";
import { word } from "./units.ts";

/** The preferences that are ours at a root: those of others are let alone. */
export const dscpPrefs = { first: 905, last: 905 + 2 * 999 } as const;

/**
 * The handle makes a second one at the same preference an error. The traffic class of IPv6 lies across two bytes; tc knows
 * how, and the DSCP is in its upper six bits.
 */
export function dscpWords({ dev, parent, pref, protocol, dscp, classid }: DscpFilter): string {
  const field = protocol === "ip" ? "ip dsfield" : "ip6 priority";
  return (
    `filter add dev ${dev} parent ${parent} protocol ${protocol} pref ${pref} handle ::1 ` +
    `u32 match ${field} 0x${(dscp << 2).toString(16)} 0xfc classid ${classid}`
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
  const protocol = word(line, "protocol");
  const [key, ...more] = [...line.matchAll(/ match (\S+)\/(\S+) at 0\b/g)];
  if (pref === undefined || key === undefined || more.length > 0) return [];
  if (protocol !== "ip" && protocol !== "ipv6") return [];
  const [mask, shift] = protocol === "ip" ? ["00fc0000", 18] : ["0fc00000", 22];
  if (key[2] !== mask) return [];
  return [
    {
      kind: "dscp",
      dev,
      parent: word(line, "parent"),
      pref,
      protocol,
      dscp: parseInt(key[1] ?? "", 16) >>> shift,
      classid: /flowid (\S+)/.exec(line)?.[1] ?? "",
    },
  ];
}
