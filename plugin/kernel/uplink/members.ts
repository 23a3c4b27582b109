/** Puts addresses into the sets of classes and takes them out. */
import { CniError } from "../../errors.ts";
import { type Member, addToSets, listHeaders, ourSets, removeFromSets } from "../../program/ipset/members.ts";
import { run } from "../exec.ts";
import { kernelHasSets } from "../linux.ts";
import { refusal } from "../refusal.ts";

/** Into sets that are there: one that is missing keeps ipset from those after it. */
export async function addMembers(members: readonly Member[]): Promise<CniError | undefined> {
  const batch = addToSets([], members);
  const outcome = await run(batch.argv, batch.input);
  return outcome.exitCode === 0 ? undefined : refusal("node", batch, outcome);
}

/** The names of those sets that are there and ours. */
export async function readOurSets(): Promise<readonly string[]> {
  if (!kernelHasSets()) return [];
  const { argv, input } = listHeaders();
  const outcome = await run(argv, input);
  if (outcome.exitCode !== 0) throw refusal("node", { argv, input }, outcome);
  return ourSets(outcome.stdout);
}

/** A set that is gone took its members along, and one that somebody else made under its name never had them. */
export async function removeMembers(
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
  return isSecondTry ? refusal("node", batch, outcome) : removeMembers(there, true);
}

function asRefusal(error: unknown): CniError {
  if (error instanceof CniError) return error;
  throw error;
}
