/** Whether the sets of an uplink's classes have what the records of this node claim, and nothing else. Pure. */
import { sameMember } from "../../datapath/uplink/sets.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { Member } from "../../program/ipset/members.ts";
import { isUndisputed, membersNow, membersOfOthers } from "./members.ts";
import type { Claim, Claims } from "./node.ts";

export type Tally = {
  /** Each with whose it is. A pod that is being deleted has left its sets before it leaves its record. */
  readonly missing: readonly (Member & { readonly claim: Claim })[];
  /** What no record claims, though there are records that cannot be read as well. */
  readonly unclaimed: readonly Member[];
};

/**
 * `sets` must have been looked at before the records were read: an ADD writes its record first and its member then, so what
 * was in a set had a record by then, unless it is a leftover.
 */
export function tally(claims: Claims, uplink: Uplink, sets: ReadonlyMap<string, readonly string[]>): Tally {
  const seen = [...sets].flatMap(([set, addresses]) => addresses.map((address) => ({ set, address })));
  const there = new Set(seen.map(nameOf));
  const claimed = new Set(membersOfOthers(claims).map(nameOf));
  return {
    missing: claims.claims
      .filter(({ membership: { device, leaving } }) => device === uplink.device && leaving !== true)
      .flatMap((claim) => membersNow(claim.membership, uplink).map((member) => ({ ...member, claim })))
      .filter((member) => sets.has(member.set) && !there.has(nameOf(member)))
      .filter(({ claim, address }) => isUndisputed(claims, claim.membership, address)),
    unclaimed: seen.filter((member) => !claimed.has(nameOf(member))),
  };
}

export function without(members: readonly Member[], others: readonly Member[]): readonly Member[] {
  return members.filter((member) => !others.some((other) => sameMember(other, member)));
}

function nameOf({ set, address }: Member): string {
  return `${set} ${address}`;
}
