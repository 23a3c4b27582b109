/** Takes a pod's addresses out of the sets of classes. */
import { CniError } from "../../errors.ts";
import { sameMember } from "../../datapath/uplink/sets.ts";
import type { Member } from "../../program/uplink/objects.ts";
import { listAllSets, ourSets, putBack, removeFromSets } from "../../program/uplink/sets.ts";
import { run } from "../exec.ts";
import { kernelHasSets } from "../linux.ts";
import { refusal } from "../refusal.ts";

/**
 * `claims` says what others have by now. It is asked before, and again after: an ADD writes its record first and its member
 * then, so one that came in between has either been heard of or puts its member back itself.
 */
export async function leaveSets(
  members: readonly Member[],
  claims: () => readonly Member[],
): Promise<CniError | undefined> {
  const claimed = claims();
  const leaving = members.filter((member) => !claimed.some((claim) => sameMember(claim, member)));
  if (leaving.length === 0) return undefined;
  const error = await removeFromOurs(leaving);
  const back = claims().filter((claim) => leaving.some((member) => sameMember(member, claim)));
  if (back.length > 0) {
    const { argv, input } = putBack(back);
    await run(argv, input);
  }
  return error;
}

/** The names of those sets that are there and ours. */
export async function readOurSets(): Promise<readonly string[]> {
  if (!kernelHasSets()) return [];
  const { argv, input } = listAllSets();
  const outcome = await run(argv, input);
  if (outcome.exitCode !== 0) throw refusal("node", { argv, input }, outcome);
  return ourSets(outcome.stdout);
}

/** A set that is gone took its members along, and one that somebody else made under its name never had them. */
export async function removeFromOurs(
  members: readonly Member[],
  isSecondTry = false,
): Promise<CniError | undefined> {
  const ours = await readOurSets().catch((error: unknown) => asRefusal(error));
  if (ours instanceof CniError) return ours;
  const there = members.filter(({ set }) => ours.includes(set));
  if (there.length === 0) return undefined;
  const batch = removeFromSets(there);
  const outcome = await run(batch.argv, batch.input);
  if (outcome.exitCode === 0) return undefined;
  // A set may have gone since it was looked for; one that is missing keeps ipset from leaving the others.
  return isSecondTry ? refusal("node", batch, outcome) : removeFromOurs(there, true);
}

function asRefusal(error: unknown): CniError {
  if (error instanceof CniError) return error;
  throw error;
}
