/** The rules that give packets their class, for one family, written as iptables-save prints them. Pure. */
import type { FirewallMark } from "../../policy/uplink/mark.ts";
import { defaultMinor } from "../../policy/uplink/class.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { SharedChain } from "../../program/iptables/chain.ts";
import type { AddressSet } from "../../program/ipset/set.ts";
import { setName } from "./sets.ts";

export function uplinkChain({ device, classes }: Uplink, family: AddressSet["family"]): SharedChain {
  const empty = emptyChain(device);
  const commented = `-m comment --comment ${empty.shared.comment}`;
  const inSet = classes.flatMap((entry) =>
    entry.set === undefined ? [] : [{ entry, match: `-m set --match-set ${setName(entry.set, family)} src` }],
  );
  const marked = classes.flatMap(({ mark, minor }) => (mark === undefined ? [] : [{ mark, minor }]));
  return {
    ...empty,
    // The last word counts: where a pod's traffic carries another's mark, its address decides.
    rules: [
      ...marked.map(
        ({ mark, minor }) => `${commented} -m mark --mark ${matchWords(mark)} ${classify(minor)}`,
      ),
      ...inSet.map(({ entry, match }) => `${match} ${commented} ${classify(entry.minor)}`),
    ],
    shared: {
      ...empty.shared,
      marks: [
        ...inSet.flatMap(({ entry: { mark }, match }) =>
          mark === undefined
            ? []
            : [`PREROUTING ${match} ${commented} -j MARK --set-xmark ${hex(mark.value)}/${hex(mark.mask)}`],
        ),
        ...classes.flatMap(({ dscp }) => (dscp === undefined ? [] : [bleach(dscp, commented, defaultMinor)])),
      ],
    },
  };
}

/** By its name, its jump and its comment it is found, whatever rules a conf gave it. */
export function emptyChain(device: string): SharedChain {
  return {
    kind: "chain",
    name: `POD-QOS-UP-${device}`,
    calledFrom: ["POSTROUTING"],
    rules: [],
    shared: { comment: `pod-qos:${device}`, link: device, marks: [] },
  };
}

/**
 * The uplink sorts by DSCP what has no priority yet. A pod whose packets the node forwards has its class by address, whatever
 * DSCP it writes; what the node itself sends, tunnels above all, is not forwarded and keeps the class it has.
 */
function bleach(dscp: number, commented: string, minor: string): string {
  return `FORWARD -m dscp --dscp ${dscpWords(dscp)} ${commented} ${classify(minor)}`;
}

/** As iptables-save prints it. */
export function dscpWords(dscp: number): string {
  return `0x${dscp.toString(16).padStart(2, "0")}`;
}

function matchWords({ value, mask }: FirewallMark): string {
  return mask === 0xffff_ffff ? hex(value) : `${hex(value)}/${hex(mask)}`;
}

/** As iptables-save prints it: both numbers hexadecimal, four digits. */
export function classify(minor: string): string {
  return `-j CLASSIFY --set-class 0001:${minor.padStart(4, "0")}`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
