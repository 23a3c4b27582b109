/** ADD's part in its node's uplink: the pod joins its class, and what the uplink or its sets have lost is put back. */
import type { PodPart } from "../../datapath/uplink/sets.ts";
import type { UplinkState } from "../../datapath/uplink/state.ts";
import type { Log } from "../../log.ts";
import { isSettled, joinUplink, settleUplink, type Joined } from "../../kernel/uplink/ensure.ts";
import { addMembers } from "../../kernel/uplink/members.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { Member } from "../../program/ipset/members.ts";
import { leave } from "./leave.ts";
import { membersOfUplink } from "./members.ts";
import { readClaims, readLiveClaims } from "./node.ts";
import { tally, without } from "./tally.ts";

export type NodeUplink = { readonly stateDir: string; readonly uplink: Uplink; readonly log: Log };

export async function joinNodeUplink(node: NodeUplink, state: UplinkState, pod: PodPart): Promise<void> {
  const joined = await joinUplink(state, pod);
  const claims = readClaims(node.stateDir);
  const { missing, unclaimed } = tally(claims, node.uplink, joined.sets);
  if (missing.length > 0 || !isSettled(state, joined.seen)) await putBack(node, state, pod, joined);
  // What a record claims that cannot be read is not known.
  if (unclaimed.length > 0 && claims.unreadable.length === 0) await takeOut(node, unclaimed);
}

/** Sets first: what leads to them comes to members that are there. */
async function putBack(
  { stateDir, uplink, log }: NodeUplink,
  state: UplinkState,
  pod: PodPart,
  { seen, sets }: Joined,
): Promise<void> {
  const everybody = without(membersOfUplink(readLiveClaims(stateDir), uplink), pod.strangers);
  const lost = everybody.filter(({ set, address }) => sets.get(set)?.includes(address) === false);
  try {
    if (lost.length > 0) await addMembers(lost);
    await settleUplink(state, pod, seen, everybody);
  } finally {
    // Who was deleted since the records were read had left the sets already, and does not do so again.
    const left = membersOfUplink(readLiveClaims(stateDir), uplink);
    await leave(stateDir, without(everybody, left));
  }
  for (const member of lost) log("info", `${inWords(member)} was missing: put back`);
}

async function takeOut({ stateDir, log }: NodeUplink, unclaimed: readonly Member[]): Promise<void> {
  await leave(stateDir, unclaimed);
  for (const member of unclaimed) log("warn", `${inWords(member)} was no pod's by any record: taken out`);
}

function inWords({ set, address }: Member): string {
  return `ipset ${set}: ${address}`;
}
