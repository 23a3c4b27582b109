/** The uplink of our entry, and those that stand. */
import { nodeFaults } from "../../../attachment/uplink/faults.ts";
import { restorable } from "../../../attachment/uplink/restorable.ts";
import { parseConf } from "../../../cni/conf.ts";
import type { JsonObject } from "../../../cni/fields.ts";
import { uplinkRoot } from "../../../datapath/uplink/tree.ts";
import { messageOf } from "../../../errors.ts";
import { readUplinkLink } from "../../../kernel/uplink/link.ts";
import { observeTree } from "../../../kernel/uplink/observe.ts";
import { decideUplink, type Uplink } from "../../../policy/uplink/uplink.ts";
import { rootOwner } from "../../../program/tc/tree.ts";
import { listUplinks, readStanding } from "../../../state/uplinks.ts";
import type { AskedUplink, UplinkFacts } from "../facts.ts";

/** `canLook`: whether the tools that look at the kernel are there. */
export async function uplinkFacts(
  entry: JsonObject | undefined,
  stateDir: string,
  canLook: boolean,
): Promise<UplinkFacts> {
  if (!canLook) return { asked: undefined, drift: [] };
  const standing = devicesIn(stateDir).flatMap((device) => readStanding(stateDir, device) ?? []);
  const [asked, ...drift] = await Promise.all([
    askedUplink(entry),
    ...standing.map(async (said) => ({
      device: said.uplink.device,
      faults: (await nodeFaults(stateDir, said)).faults,
      isRestorable: isRestorable(stateDir, said.uplink.device),
    })),
  ]);
  return { asked, drift };
}

function isRestorable(stateDir: string, device: string): boolean {
  try {
    restorable(stateDir, device);
    return true;
  } catch {
    return false;
  }
}

function devicesIn(stateDir: string): readonly string[] {
  try {
    return listUplinks(stateDir);
  } catch {
    // The state directory's own check reports it.
    return [];
  }
}

async function askedUplink(entry: JsonObject | undefined): Promise<AskedUplink | undefined> {
  const decided = decidedUplink(entry);
  if (decided === undefined) return undefined;
  const { uplink, speed } = decided;
  const { device, rate } = uplink;
  const classes = uplink.classes.map((each) => ({ name: each.name, rate: each.rate }));
  const common = { device, rate, classes, speed };
  try {
    const owner = rootOwner(uplinkRoot(device), await observeTree(device));
    return { ...common, foreign: typeof owner === "object" ? owner.text : undefined, fault: undefined };
  } catch (error) {
    return { ...common, foreign: undefined, fault: messageOf(error) };
  }
}

/** STATUS reports what is wrong with a conf. */
function decidedUplink(
  entry: JsonObject | undefined,
): { readonly uplink: Uplink; readonly speed: number | undefined } | undefined {
  try {
    const conf = entry && parseConf(entry, "").uplink;
    if (conf === undefined) return undefined;
    const link = readUplinkLink(conf.device);
    return { uplink: decideUplink(conf, link), speed: link.speed };
  } catch {
    return undefined;
  }
}
