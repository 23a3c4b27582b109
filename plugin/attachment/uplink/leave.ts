/** Takes a pod out of its node's uplink. The uplink itself stays: it is the node's. */
import type { CniError } from "../../errors.ts";
import type { Identity } from "../../datapath/names.ts";
import { leaveSets } from "../../kernel/uplink/members.ts";
import type { Member } from "../../program/uplink/objects.ts";
import { membersOfOthers, traces } from "./members.ts";
import type { Membership } from "../../state/record.ts";
import { isLive } from "../live.ts";

export function leaveUplink(
  stateDir: string,
  membership: Membership,
  owner: Identity,
): Promise<CniError | undefined> {
  return leave(stateDir, traces(stateDir, membership), owner);
}

export function leave(
  stateDir: string,
  members: readonly Member[],
  owner: Identity,
): Promise<CniError | undefined> {
  return leaveSets(members, () => membersOfOthers(stateDir, owner, (record) => isLive(stateDir, record)));
}
