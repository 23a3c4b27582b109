/** What an uplink that could not be finished must not leave behind. */
import { CniError, ErrorCode } from "../../errors.ts";
import { listTc } from "../../program/tc/render.ts";
import type { PodPart, UplinkState } from "../../program/uplink/objects.ts";
import { destroySet } from "../../program/uplink/sets.ts";
import { parseTree, removeTree, rootOwner } from "../../program/uplink/tree.ts";
import { run } from "../exec.ts";
import { removeFromOurs } from "./members.ts";
import { observeSet } from "./observe.ts";

export async function retreat(state: UplinkState, pod: PodPart, error: unknown): Promise<void> {
  await openIfShut(state);
  if (error instanceof CniError && error.code === ErrorCode.foreignObject) await removeNewSets(state, pod);
}

/** A root of ours without its default class drops whatever the node sends: then better none. */
async function openIfShut({ device, tree }: UplinkState): Promise<void> {
  const defaultClass = `${tree.root.handle}${tree.root.defaultClass}`;
  const listing = await run(listTc(device).argv, listTc(device).input);
  const seen = parseTree(device, listing.stdout);
  const isShut = !seen.device.objects.some(
    (object) => object.kind === "htb-class" && object.classid === defaultClass,
  );
  if (rootOwner(tree, seen) !== "ours" || !isShut) return;
  const { argv, input } = removeTree(device);
  await run(argv, input);
}

/** Of an uplink that is somebody else's: sets that this pod alone was in. The kernel keeps those that rules look into. */
async function removeNewSets({ sets }: UplinkState, { members }: PodPart): Promise<void> {
  await removeFromOurs(members);
  for (const { name } of sets) {
    const observed = await observeSet(name);
    if (observed?.isOurs === true && observed.addresses.length === 0) await run(destroySet(name).argv, "");
  }
}
