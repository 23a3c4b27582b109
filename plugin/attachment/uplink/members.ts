/** Which addresses the attachments of this node have in the sets of uplinks. Pure. */
import { sameIdentity, type Identity } from "../../datapath/names.ts";
import { membersOf, placesOf, sameMember, storable } from "../../datapath/uplink/sets.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { Member } from "../../program/ipset/members.ts";
import type { Membership } from "../../state/record.ts";
import type { Claims } from "./node.ts";

/** What others have in sets: addresses are given again, at times before the last owner is gone. */
export function membersOfOthers({ claims, uplinks }: Claims, owner?: Identity): readonly Member[] {
  return claims
    .filter(({ identity }) => owner === undefined || !sameIdentity(identity, owner))
    .flatMap(({ membership }) => [
      ...storable(membership.members),
      ...membersNow(membership, uplinks.get(membership.device)),
    ]);
}

/** What the pods of this uplink have in its sets, as it is now. */
export function membersOfUplink(claims: Claims, uplink: Uplink): readonly Member[] {
  return claims.claims
    .filter(({ membership }) => membership.device === uplink.device)
    .flatMap(({ membership }) =>
      membersNow(membership, uplink).filter(({ address }) => isUndisputed(claims, membership, address)),
    );
}

/** Of two pods with one address in two classes, the ADD that came last has decided: nobody else does. */
export function isUndisputed({ claims }: Claims, mine: Membership, address: string): boolean {
  return claims.every(
    ({ membership }) =>
      membership.device !== mine.device ||
      membership.class === mine.class ||
      !addressesIn(membership).includes(address),
  );
}

/** Whether a network has a pod on that uplink. */
export function hasMembers({ claims }: Claims, network: string, device: string): boolean {
  return claims.some(
    ({ identity, membership }) => identity.network === network && membership.device === device,
  );
}

/** Wherever the pod's addresses may be: a class can have got another set since, or a pod another class. */
export function traces(membership: Membership, uplink: Uplink | undefined): readonly Member[] {
  const recorded = storable(membership.members);
  if (uplink === undefined) return recorded;
  // One that was in no set can be in one that its class has got since, but in no other's.
  if (membership.members.length === 0) return membersNow(membership, uplink);
  const places = placesOf(uplink, addressesIn(membership));
  const more = places.filter((place) => !recorded.some((member) => sameMember(member, place)));
  return [...recorded, ...more];
}

export function membersNow(membership: Membership, uplink: Uplink | undefined): readonly Member[] {
  const itsClass = uplink?.classes.find(({ name }) => name === membership.class);
  return membersOf(itsClass?.set, addressesIn(membership));
}

function addressesIn({ addresses, members }: Membership): readonly string[] {
  return addresses ?? members.map(({ address }) => address);
}
