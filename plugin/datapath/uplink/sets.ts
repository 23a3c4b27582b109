/** The sets of an uplink's classes, one for each family, and what a pod puts into them. Pure. */
import { ipv6Suffix } from "../../cni/uplink.ts";
import { formatAddress, parseAddress } from "../../policy/address.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { AddressSet, Member } from "../../program/uplink/objects.ts";

export function uplinkSets({ classes }: Uplink, ipv6: boolean): readonly AddressSet[] {
  const families = ipv6 ? (["inet", "inet6"] as const) : (["inet"] as const);
  return classes.flatMap(({ set }) =>
    set === undefined ? [] : families.map((family) => ({ name: setName(set, family), family })),
  );
}

/** What a pod of the class adds, written as ipset prints it. */
export function membersOf(set: string | undefined, addresses: readonly string[]): readonly Member[] {
  if (set === undefined) return [];
  return addresses
    .map(parseAddress)
    .filter((address) => address !== undefined)
    .map((address) => ({
      set: setName(set, address.family === 6 ? "inet6" : "inet"),
      address: formatAddress(address),
    }));
}

export function setName(set: string, family: AddressSet["family"]): string {
  return family === "inet" ? set : set + ipv6Suffix;
}
