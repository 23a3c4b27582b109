/** Which addresses live attachments have in the sets of uplinks, by their records. */
import { sameIdentity, type Identity } from "../datapath/names.ts";
import type { Member } from "../program/uplink/objects.ts";
import { listAttachments, listNetworks, readRecord } from "./store.ts";

/** Those of the members that another attachment has too: addresses are given again, at times before the last owner is gone. */
export function claimedByOthers(
  stateDir: string,
  members: readonly Member[],
  owner: Identity,
): readonly Member[] {
  const claims = new Set(
    listNetworks(stateDir)
      .flatMap((network) => listAttachments(stateDir, network))
      .filter((identity) => !sameIdentity(identity, owner))
      .flatMap((identity) => readMembers(stateDir, identity))
      .map(keyOf),
  );
  return members.filter((member) => claims.has(keyOf(member)));
}

function readMembers(stateDir: string, identity: Identity): readonly Member[] {
  try {
    return readRecord(stateDir, identity)?.membership?.members ?? [];
  } catch {
    return []; // Another version's: what it did is told when that attachment is looked at.
  }
}

function keyOf({ set, address }: Member): string {
  return `${set} ${address}`;
}
