/**
 * The filters of an uplink's root that sort by DSCP, as cls_u32, which every kernel has: `tc` lines out, `tc` text in. Pure.
 */
import type { HtbQdisc } from "../tc/objects.ts";
import type { DscpFilter } from "./objects.ts";

/** `filter` is undefined for one at our preferences that is not as we make them. */
export type ObservedFilter = { readonly pref: number; readonly filter: DscpFilter | undefined };

/**
 * The handle makes a second one at the same preference an error. The traffic class of IPv6 lies across two bytes; tc knows
 * how, and the DSCP is in its upper six bits.
 */
export function addFilter({ dev, handle }: HtbQdisc, { pref, protocol, dscp, classid }: DscpFilter): string {
  const field = protocol === "ip" ? "ip dsfield" : "ip6 priority";
  return (
    `filter add dev ${dev} parent ${handle} protocol ${protocol} pref ${pref} handle ::1 ` +
    `u32 match ${field} 0x${(dscp << 2).toString(16)} 0xfc classid ${classid}`
  );
}

export function removeFilter({ dev, handle }: HtbQdisc, pref: number): string {
  return `filter del dev ${dev} parent ${handle} pref ${pref}`;
}

export function describeFilter({ dev }: HtbQdisc, { pref, dscp, classid }: DscpFilter): string {
  return `filter pref ${pref} (dscp ${dscp} to ${classid}) on ${dev}`;
}

const ourPrefs = { from: 905, to: 905 + 2 * 999 };

/** Each filter is three lines and its match a fourth: the one with the class is the filter. */
export function parseFilters(output: string): readonly ObservedFilter[] {
  const pattern =
    /^filter (?:parent 1: )?protocol (\S+) pref (\d+) u32 .*?\bfh \S+::\S+ .*?flowid (\S+).*\n\s+match (\S+) at (\S+)/gm;
  const found = [...output.matchAll(pattern)].map(([, protocol, pref, classid = "", key = "", at]) => ({
    pref: Number(pref),
    filter:
      at === "0" && (protocol === "ip" || protocol === "ipv6")
        ? dscpFilter(protocol, Number(pref), classid, key)
        : undefined,
  }));
  return found.filter(({ pref }) => pref >= ourPrefs.from && pref <= ourPrefs.to);
}

/** `00200000/00fc0000`: the first four bytes of the packet, and which of their bits count. */
function dscpFilter(
  protocol: DscpFilter["protocol"],
  pref: number,
  classid: string,
  key: string,
): DscpFilter | undefined {
  const [value = "", mask] = key.split("/");
  const isDscp = mask === (protocol === "ip" ? "00fc0000" : "0fc00000");
  if (!isDscp) return undefined;
  return { pref, protocol, dscp: parseInt(value, 16) >>> (protocol === "ip" ? 18 : 22), classid };
}
