/** A pod's part in its node's uplink: it joins its class, and what the uplink or its sets have lost is put back. */
import { sameMember, type PodPart } from "../../datapath/uplink/sets.ts";
import type { UplinkState } from "../../datapath/uplink/state.ts";
import type { Log } from "../../log.ts";
import { joinUplink, settleUplink, type Joined } from "../../kernel/uplink/ensure.ts";
import { uplinkStateDrift, type SeenUplink } from "../../kernel/uplink/observe.ts";
import { addMembers } from "../../kernel/uplink/members.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { Member } from "../../program/ipset/members.ts";
import { rootOwner } from "../../program/tc/tree.ts";
import { freshAgent } from "../../state/live/agent.ts";
import { countAttachments } from "../../state/store.ts";
import { noteCompared, wasCompared } from "../../state/uplinks.ts";
import { leave } from "./leave.ts";
import { membersOfUplink } from "./members.ts";
import { readClaims, readLiveClaims } from "./node.ts";
import { tally, without } from "./tally.ts";

export type NodeUplink = { readonly stateDir: string; readonly uplink: Uplink; readonly log: Log };

/** In sentences, what was not as it should be and is now. */
export async function joinNodeUplink(
  node: NodeUplink,
  state: UplinkState,
  pod: PodPart,
): Promise<readonly string[]> {
  const joined = await joinUplink(state, pod);
  const unsettled = uplinkStateDrift(state, joined.seen);
  const settled = unsettled.length === 0;
  // It changes what stands, and the pod is in its sets by now.
  if (!settled && stands(state, joined.seen) && isLeftToAgent(node.stateDir)) return [];
  if (settled && !isDue(node, pod, joined)) return [];
  // A dead pod's record still claims what is in a set, and asks for nothing.
  const { missing } = tally(readLiveClaims(node.stateDir), node.uplink, joined.sets);
  const claims = readClaims(node.stateDir);
  const { unclaimed } = tally(claims, node.uplink, joined.sets);
  if (missing.length > 0 || !settled) await putBack(node, state, pod, joined);
  // What a record claims that cannot be read is not known.
  const leaving = claims.unreadable.length === 0 ? unclaimed : [];
  if (leaving.length > 0) await takeOut(node, leaving);
  return [
    ...unsettled,
    ...missing.map((member) => `${inWords(member)} was missing`),
    ...leaving.map((member) => `${inWords(member)} was no pod's by any record`),
  ];
}

function stands({ root }: UplinkState, { tree, chains }: SeenUplink): boolean {
  return rootOwner(root, tree) === "ours" && [...chains.values()].every(({ exists }) => exists);
}

/** While a conf is being edited, agent and ADD may read two versions: they would undo each other's changes. */
function isLeftToAgent(stateDir: string): boolean {
  const agent = freshAgent(stateDir);
  return agent !== undefined && agent.pid !== process.pid;
}

/**
 * Whether to compare the sets with the records. Reading many records takes longer than an ADD may: then once in ten seconds at
 * most, or once in a second where a set has only this pod's addresses, for it may have been flushed.
 */
function isDue({ stateDir, uplink: { device } }: NodeUplink, pod: PodPart, { sets }: Joined): boolean {
  if (countAttachments(stateDir) <= fewAttachments) return true;
  const isBare = [...sets].some(([set, addresses]) =>
    addresses.every((address) => pod.members.some((member) => sameMember(member, { set, address }))),
  );
  if (wasCompared(stateDir, device, isBare ? 1000 : 10_000)) return false;
  // Noted before it is done, so that of many ADDs at once few do it.
  noteCompared(stateDir, device);
  return true;
}

const fewAttachments = 64;

/**
 * Sets first, so that the rules that use them find their members. A failure for other pods is reported and does not keep this pod
 * from its class: the next ADD or GC tries again.
 */
async function putBack(
  { stateDir, uplink, log }: NodeUplink,
  state: UplinkState,
  pod: PodPart,
  { seen, sets }: Joined,
): Promise<void> {
  const everybody = without(membersOfUplink(readLiveClaims(stateDir), uplink), pod.nonMembers);
  const lost = everybody.filter(({ set, address }) => sets.get(set)?.includes(address) === false);
  try {
    const refused = lost.length > 0 ? await addMembers(lost) : undefined;
    for (const member of lost)
      if (refused === undefined) log("info", `${inWords(member)} was missing: put back`);
      else log("warn", `${inWords(member)} is missing and could not be put back: ${refused.message}`);
    await settleUplink(state, pod, seen, everybody);
  } finally {
    // Who was deleted since the records were read had left the sets already, and does not do so again.
    const left = without(everybody, membersOfUplink(readLiveClaims(stateDir), uplink));
    const refused = await leave(stateDir, left);
    if (refused !== undefined) log("warn", `${left.map(inWords).join(", ")}: ${refused.message}`);
  }
}

async function takeOut({ stateDir, log }: NodeUplink, unclaimed: readonly Member[]): Promise<void> {
  const refused = await leave(stateDir, unclaimed);
  const outcome = refused === undefined ? "taken out" : `it could not be taken out: ${refused.message}`;
  for (const member of unclaimed) log("warn", `${inWords(member)} was no pod's by any record: ${outcome}`);
}

function inWords({ set, address }: Member): string {
  return `ipset ${set}: ${address}`;
}
