/** The sets of an uplink's classes, one for each family, and what a pod puts into them. Pure. */
import { ipv6Suffix } from "../../cni/uplink.ts";
import { formatAddress, hostAddress, parseAddress } from "../../policy/address/address.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { Member } from "../../program/ipset/members.ts";
import type { AddressSet } from "../../program/ipset/set.ts";

/** What is a pod's in the sets of an uplink. */
export type PodPart = {
  readonly members: readonly Member[];
  /** Its addresses in sets of other classes, where they must not be. */
  readonly nonMembers: readonly Member[];
};

export function uplinkSets({ classes }: Uplink, ipv6: boolean): readonly AddressSet[] {
  const families = ipv6 ? (["inet", "inet6"] as const) : (["inet"] as const);
  return classes.flatMap(({ set }) =>
    set === undefined
      ? []
      : families.map((family): AddressSet => ({
          kind: "set",
          name: setName(set, family),
          family,
          entries: [],
          isShared: true,
        })),
  );
}

/** What a pod of the class adds, written as ipset prints it; no set holds an address that no packet has. */
export function membersOf(set: string | undefined, addresses: readonly string[]): readonly Member[] {
  if (set === undefined) return [];
  return hostAddresses(addresses).map((address) => ({
    set: setName(set, address.includes(":") ? "inet6" : "inet"),
    address,
  }));
}

export function hostAddresses(addresses: readonly string[]): readonly string[] {
  return addresses.flatMap((text) => {
    const address = hostAddress(text);
    return address === undefined ? [] : [formatAddress(address)];
  });
}

/** Of what a record lists, what a set can hold, as ipset prints it: a former build recorded 0.0.0.0 and :: too. */
export function storable(members: readonly Member[]): readonly Member[] {
  return members.flatMap(({ set, address }) => {
    const parsed = hostAddress(address) && parseAddress(address);
    return parsed === undefined ? [] : [{ set, address: formatAddress(parsed) }];
  });
}

/** Its addresses belong into the sets of its class and into no other: they may have been those of a pod whose DEL never came. */
export function podPart(uplink: Uplink, className: string, addresses: readonly string[]): PodPart {
  const members = membersOf(uplink.classes.find(({ name }) => name === className)?.set, addresses);
  const nonMembers = placesOf(uplink, addresses).filter(
    (place) => !members.some((member) => sameMember(member, place)),
  );
  return { members, nonMembers };
}

/** Where an address of a pod can be: in the sets of all classes. */
export function placesOf({ classes }: Uplink, addresses: readonly string[]): readonly Member[] {
  return classes.flatMap(({ set }) => membersOf(set, addresses));
}

export function sameMember(a: Member, b: Member): boolean {
  return a.set === b.set && a.address === b.address;
}

export function setName(set: string, family: AddressSet["family"]): string {
  return family === "inet" ? set : set + ipv6Suffix;
}
