/** An uplink taken off this node: its classes, sets and rules, and what we keep of it. */
import { uplinkSets } from "../../datapath/uplink/sets.ts";
import { removeUplink, type Removal } from "../../kernel/uplink/remove.ts";
import { withFormer } from "../../policy/uplink/former.ts";
import { forgetUplink, readStanding } from "../../state/uplinks.ts";

export async function takeAwayUplink(stateDir: string, device: string): Promise<Removal> {
  const standing = readStanding(stateDir, device);
  const sets = standing === undefined ? [] : setsOf(standing);
  const removal = await removeUplink(device, sets);
  // What stays is to be found again when somebody has made room.
  if (removal.kept.length === 0) forgetUplink(stateDir, device);
  return removal;
}

/** Also of classes that the conf has no more: pods may be in them yet. */
function setsOf({
  uplink: stands,
  former = [],
}: NonNullable<ReturnType<typeof readStanding>>): readonly string[] {
  return uplinkSets(withFormer(stands, former), true).map(({ name }) => name);
}
