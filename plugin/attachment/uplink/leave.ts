/** Takes a pod out of its node's uplink. The uplink itself stays: it is the node's. */
import type { CniError } from "../../errors.ts";
import type { Identity } from "../../datapath/names.ts";
import { placesOf, sameMember, uplinkSets } from "../../datapath/uplink/sets.ts";
import { addMembers, removeMembers } from "../../kernel/uplink/members.ts";
import { readSets } from "../../kernel/uplink/observe.ts";
import type { Member } from "../../program/ipset/members.ts";
import type { AttachmentRecord, Membership } from "../../state/record.ts";
import { rewriteRecord } from "../../state/record-file.ts";
import { membersOfOthers, traces } from "./members.ts";
import { readClaims, readLiveClaims, readUplinks } from "./node.ts";
import { tally } from "./tally.ts";

export function leaveUplink(
  stateDir: string,
  record: AttachmentRecord,
  membership: Membership,
): Promise<CniError | undefined> {
  sayLeaving(stateDir, { ...record, membership: { ...membership, leaving: true } });
  const uplink = readUplinks(stateDir).get(membership.device);
  return leave(stateDir, traces(membership, uplink), record.identity);
}

/** Or an ADD beside us would find a record whose member its set has lost, and put it back. */
function sayLeaving(stateDir: string, record: AttachmentRecord): void {
  try {
    rewriteRecord(stateDir, record);
  } catch {
    // A full disk keeps no pod from its deletion.
  }
}

/** With no record, or a torn one: wherever the addresses may be that the runtime says it had. */
export async function leaveByAddress(
  stateDir: string,
  addresses: readonly string[],
  owner: Identity,
): Promise<CniError | undefined> {
  const uplinks = [...readUplinks(stateDir).values()];
  const places = uplinks.flatMap((uplink) => placesOf(uplink, addresses));
  return leave(stateDir, places, owner);
}

/** Removes what no record claims from the sets of every uplink of this node, and returns it. */
export async function leaveUnclaimed(stateDir: string): Promise<readonly Member[]> {
  const uplinks = [...readUplinks(stateDir).values()];
  const sets = await Promise.all(
    uplinks.map((uplink) => readSets(uplinkSets(uplink, true).map(({ name }) => name))),
  );
  const claims = readClaims(stateDir);
  // What a record claims that cannot be read is not known.
  if (claims.unreadable.length > 0) return [];
  const unclaimed = uplinks.flatMap((uplink, at) => tally(claims, uplink, sets[at] ?? new Map()).unclaimed);
  const error = await leave(stateDir, unclaimed);
  if (error !== undefined) throw error;
  return unclaimed;
}

/**
 * The records are read before, and again after: an ADD writes its record first and its member then, so one that came in between
 * is either seen here or puts its member back itself. `owner`: its claim does not count.
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
  const notBack = back.length > 0 ? await addMembers(back) : undefined;
  return error ?? notBack;
}
