/** Which addresses the attachments of this node have in the sets of uplinks, by their records. */
import { sameIdentity, type Identity } from "../../datapath/names.ts";
import { membersOf, placesOf, sameMember } from "../../datapath/uplink/sets.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { Member } from "../../program/uplink/objects.ts";
import type { AttachmentRecord, Membership } from "../../state/record.ts";
import { listAttachments, listNetworks, readRecord } from "../../state/store.ts";
import { readStanding } from "../../state/uplinks.ts";

/** Whether the pod is there: a record stays for as long as no DEL came. */
export type IsLive = (record: AttachmentRecord) => boolean;

/** What live attachments have in sets, apart from one: addresses are given again, at times before the last owner is gone. */
export function membersOfOthers(stateDir: string, owner: Identity, isLive: IsLive): readonly Member[] {
  return liveMemberships(stateDir, isLive, owner).flatMap((membership) => [
    ...membership.members,
    ...membersNow(membership, readStanding(stateDir, membership.device)?.uplink),
  ]);
}

/** What the pods of this uplink have in its sets, as it is now. */
export function membersOfUplink(stateDir: string, uplink: Uplink, isLive: IsLive): readonly Member[] {
  return liveMemberships(stateDir, isLive)
    .filter(({ device }) => device === uplink.device)
    .flatMap((membership) => membersNow(membership, uplink));
}

/** Whether a network has a pod on that uplink. */
export function hasMembers(stateDir: string, network: string, device: string, isLive: IsLive): boolean {
  return listAttachments(stateDir, network)
    .flatMap((identity) => membershipOf(stateDir, identity, isLive))
    .some((membership) => membership.device === device);
}

/** Wherever the pod's addresses may be: a class can have got another set since, or a pod another class. */
export function traces(stateDir: string, membership: Membership): readonly Member[] {
  const uplink = readStanding(stateDir, membership.device)?.uplink;
  if (uplink === undefined) return membership.members;
  // One that was in no set can be in one that its class has got since, but in no other's.
  if (membership.members.length === 0) return membersNow(membership, uplink);
  const places = placesOf(uplink, addressesIn(membership));
  const more = places.filter((place) => !membership.members.some((member) => sameMember(member, place)));
  return [...membership.members, ...more];
}

function membersNow(membership: Membership, uplink: Uplink | undefined): readonly Member[] {
  const itsClass = uplink?.classes.find(({ name }) => name === membership.class);
  return membersOf(itsClass?.set, addressesIn(membership));
}

function addressesIn({ addresses, members }: Membership): readonly string[] {
  return addresses ?? members.map(({ address }) => address);
}

function liveMemberships(stateDir: string, isLive: IsLive, except?: Identity): readonly Membership[] {
  return listNetworks(stateDir)
    .flatMap((network) => listAttachments(stateDir, network))
    .filter((identity) => except === undefined || !sameIdentity(identity, except))
    .flatMap((identity) => membershipOf(stateDir, identity, isLive));
}

function membershipOf(stateDir: string, identity: Identity, isLive: IsLive): readonly Membership[] {
  try {
    const record = readRecord(stateDir, identity);
    return record?.membership !== undefined && isLive(record) ? [record.membership] : [];
  } catch {
    return []; // Another version's: what it did is told when that attachment is looked at.
  }
}
