/** A process on the lab node that makes an uplink what it is told to, and says what went wrong. */
import { readFileSync, writeSync } from "node:fs";
import { messageOf } from "../../../plugin/errors.ts";
import { joinUplink, settleUplink } from "../../../plugin/kernel/uplink/ensure.ts";
import type { Member } from "../../../plugin/program/ipset/members.ts";
import type { UplinkState } from "../../../plugin/datapath/uplink/state.ts";

export interface Driving {
  readonly state: UplinkState;
  /** What the records say of live pods. */
  readonly members: readonly Member[];
}

const { state, members } = JSON.parse(readFileSync(0, "utf8")) as Driving;
const pod = { members: [], nonMembers: [] };
try {
  const { seen } = await joinUplink(state, pod);
  await settleUplink(state, pod, seen, members);
} catch (error) {
  writeSync(1, messageOf(error));
}
