/** What an uplink that could not be finished must not leave behind. */
import { CniError, ErrorCode } from "../../errors.ts";
import type { PodPart } from "../../datapath/uplink/sets.ts";
import type { UplinkState } from "../../datapath/uplink/state.ts";
import { destroySet } from "../../program/ipset/members.ts";
import { isShared } from "../../program/ipset/set.ts";
import { removeTc } from "../../program/tc/render.ts";
import { rootOwner } from "../../program/tc/tree.ts";
import { run } from "../exec.ts";
import { removeMembers } from "./members.ts";
import { observeSet, observeTree } from "./observe.ts";

export async function retreat(state: UplinkState, pod: PodPart, error: unknown): Promise<void> {
  await openIfShut(state);
  if (error instanceof CniError && error.code === ErrorCode.foreignObject) await removeNewSets(state, pod);
}

/** A root of ours without its default class drops whatever the node sends: then better none. */
async function openIfShut(state: UplinkState): Promise<void> {
  if (!(await isShut(state))) return;
  // Or another ADD is between the two, which takes it a millisecond.
  await new Promise((resolve) => setTimeout(resolve, 20));
  if (!(await isShut(state))) return;
  const { argv, input } = removeTc([state.root]);
  await run(argv, input);
}

/** Where it cannot be looked at it cannot be opened either, and the error that led here says more. */
async function isShut({ device, root }: UplinkState): Promise<boolean> {
  const seen = await observeTree(device).catch(() => undefined);
  if (seen === undefined || rootOwner(root, seen) !== "ours") return false;
  const defaultClass = `${root.handle}${root.defaultClass}`;
  return !seen.objects.some((object) => object.kind === "htb-class" && object.classid === defaultClass);
}

/** Of an uplink that is somebody else's: sets that this pod alone was in. The kernel keeps those that rules look into. */
async function removeNewSets({ sets }: UplinkState, { members }: PodPart): Promise<void> {
  await removeMembers(members);
  for (const { name } of sets) {
    const observed = await observeSet(name);
    if (observed !== undefined && isShared(observed) && observed.entries.length === 0)
      await run(destroySet(name).argv, "");
  }
}
