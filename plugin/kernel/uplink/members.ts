/** Takes a pod's addresses out of the sets of its class. */
import type { CniError } from "../../errors.ts";
import type { Member } from "../../program/uplink/objects.ts";
import { parseSet, listSet, putBack, removeFromSets } from "../../program/uplink/sets.ts";
import { run } from "../exec.ts";
import { refusal } from "../refusal.ts";

/**
 * `claimed` says which of the members somebody else has by now. It is asked before, and again after: an ADD writes its record
 * first and its member then, so one that came in between has either been heard of or puts its member back itself.
 */
export async function leaveSets(
  members: readonly Member[],
  claimed: (members: readonly Member[]) => readonly Member[],
): Promise<CniError | undefined> {
  const kept = claimed(members);
  const leaving = members.filter((member) => !kept.includes(member));
  if (leaving.length === 0) return undefined;
  const batch = removeFromSets(leaving);
  const outcome = await run(batch.argv, batch.input);
  const back = claimed(leaving);
  if (back.length > 0) {
    const { argv, input } = putBack(back);
    await run(argv, input);
  }
  if (outcome.exitCode === 0 || (await areGone(leaving))) return undefined;
  return refusal("node", batch, outcome);
}

/** A set that is gone took its members along. */
async function areGone(members: readonly Member[]): Promise<boolean> {
  const present = await Promise.all(
    members.map(async ({ set, address }) =>
      parseSet((await run(listSet(set).argv, "")).stdout)?.addresses.includes(address),
    ),
  );
  return !present.includes(true);
}
