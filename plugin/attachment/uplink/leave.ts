/** Takes a pod out of its node's uplink. The uplink itself stays: it is the node's. */
import type { CniError } from "../../errors.ts";
import type { Identity } from "../../datapath/names.ts";
import { sameMember } from "../../datapath/uplink/sets.ts";
import { addMembers, removeMembers } from "../../kernel/uplink/members.ts";
import type { Member } from "../../program/uplink/objects.ts";
import type { Membership } from "../../state/record.ts";
import { membersOfOthers, traces } from "./members.ts";
import { readLiveClaims, readUplinks } from "./node.ts";

export function leaveUplink(
  stateDir: string,
  membership: Membership,
  owner: Identity,
): Promise<CniError | undefined> {
  const uplink = readUplinks(stateDir).get(membership.device);
  return leave(stateDir, traces(membership, uplink), owner);
}

/**
 * The records are read before, and again after: an ADD writes its record first and its member then, so one that came in
 * between has either been heard of or puts its member back itself. `owner`: whose claim does not count.
 */
export async function leave(
  stateDir: string,
  members: readonly Member[],
  owner?: Identity,
): Promise<CniError | undefined> {
  if (members.length === 0) return undefined;
  const claimed = membersOfOthers(readLiveClaims(stateDir), owner);
  const leaving = members.filter((member) => !claimed.some((claim) => sameMember(claim, member)));
  if (leaving.length === 0) return undefined;
  const error = await removeMembers(leaving);
  const claims = membersOfOthers(readLiveClaims(stateDir), owner);
  const back = claims.filter((claim) => leaving.some((member) => sameMember(member, claim)));
  if (back.length > 0) await addMembers(back);
  return error;
}
