/**
 * Takes an attachment that runs from what it has to what it should have, while packets are on their way. The record has both
 * until it is done; what is new stands before what is old goes, and what differs in values is changed in place. Whatever
 * fails, what it had is put back, in the kernel and in the record: a pod that runs is never stripped.
 */
import { storable } from "../datapath/uplink/sets.ts";
import { CniError, messageOf } from "../errors.ts";
import { applyOver, type ApplyResult } from "../kernel/apply.ts";
import { remove } from "../kernel/remove.ts";
import { timeLeft } from "../kernel/time-limit.ts";
import type { Log } from "../log.ts";
import { without } from "../program/compare.ts";
import { merge, siblingOf, type Program } from "../program/program.ts";
import { withoutOthers } from "../program/traits.ts";
import type { Member } from "../program/ipset/members.ts";
import { isBare, type AttachmentRecord } from "../state/record.ts";
import { writeRecord } from "../state/record-file.ts";
import { isEqual } from "./equal.ts";
import { withoutTakenEnd } from "./host-end.ts";
import { membersIn, membersOnlyIn, withBoth } from "./both.ts";
import { reachable, together } from "./undo.ts";

export type Change = {
  readonly stateDir: string;
  readonly netns: string;
  readonly before: AttachmentRecord;
  readonly wanted: AttachmentRecord;
  /** Makes the node's uplink as it should be, with the pod in it; undefined where the conf has none. */
  readonly join: (() => Promise<void>) | undefined;
  /** The kernel has what the record before lists: programs that are no others are not looked at. */
  readonly trustsRecord?: boolean;
  readonly log: Log;
};

export async function change(given: Change): Promise<ApplyResult> {
  const task = { ...given, before: withoutTakenEnd(given.before) };
  const { stateDir, netns, before, wanted, join } = task;
  writeRecord(stateDir, withBoth(before, wanted));
  let applied: ApplyResult = { owned: [], failures: [], notes: [] };
  try {
    const standing = task.trustsRecord === true ? unchanged(before.programs, wanted.programs) : [];
    const others = wanted.programs.filter((program) => siblingOf(program, standing) === undefined);
    applied = await applyOver(others, netns, before.programs);
    const [failure] = applied.failures;
    if (failure !== undefined) throw failure.error;
    await join?.();
    await leave(task, membersOnlyIn(before, wanted));
    await removeAll(task, before, without(before.programs, wanted.programs));
    const owned = [...standing, ...applied.owned];
    const programs = wanted.programs.flatMap((program) => siblingOf(program, owned) ?? []);
    writeRecord(stateDir, { ...wanted, programs });
    return applied;
  } catch (error) {
    // As if we had been killed: the record has both until the next try.
    if (timeLeft() === 0)
      throw telling(
        error,
        "the time for this change is over: it stays half done, and the next try completes it",
      );
    throw await putBack(task, applied, error);
  }
}

/** As the record has them, where what others made before us is no part of it. */
function unchanged(before: readonly Program[], wanted: readonly Program[]): readonly Program[] {
  const ours = withoutOthers(wanted, before);
  return before.filter((program) => isEqual(siblingOf(program, ours), program));
}

/**
 * The error to tell: what failed, and what the pod has now. Every step is done whatever another one met: what is new goes
 * also where something old is blocked. The record stays one of both only where something new may be left.
 */
async function putBack(task: Change, made: ApplyResult, error: unknown): Promise<unknown> {
  const { stateDir, before, wanted, log } = task;
  const fresh = without(made.owned, before.programs);
  const notBack = [
    ...(await errorsOf(() => applyBefore(task, made, fresh))),
    ...(await errorsOf(() => comeBack(membersIn(before)))),
  ];
  const notGone = [
    ...(await errorsOf(() => leave(task, membersOnlyIn(wanted, before)))),
    ...(await errorsOf(() => removeAll(task, wanted, fresh))),
  ];
  const notKept = notGone.length > 0 ? [] : await errorsOf(async () => writeRecord(stateDir, before));
  const said = [
    ...saying("some of what it had before could not be put back", notBack),
    ...saying("some of what it should have got may be left over", notGone),
    ...saying("the record of what it has could not be written", notKept),
  ];
  for (const what of said)
    log("error", `putting back what ${before.pod} ${before.identity.ifname} had: ${what}`);
  if (said.length > 0) return telling(error, said.join("; "));
  return isBare(before) ? error : telling(error, "it keeps what it had before");
}

/** A program that neither the failed try nor this one touches stands as it was: what blocks it is no failure to put it back. */
async function applyBefore(
  { netns, before, wanted }: Change,
  made: ApplyResult,
  fresh: readonly Program[],
): Promise<void> {
  const blocked = made.failures.filter(({ isUntouched }) => isUntouched).map(({ program }) => program);
  const touched = wanted.programs.filter((program) => siblingOf(program, blocked) === undefined);
  const again = await applyOver(before.programs, netns, merge([...before.programs, ...fresh]));
  const errors = again.failures
    .filter(({ program, isUntouched }) => !isUntouched || siblingOf(program, touched) !== undefined)
    .map(({ error }) => error);
  if (errors.length > 0) throw together(errors);
}

async function errorsOf(step: () => Promise<void>): Promise<readonly unknown[]> {
  try {
    await step();
    return [];
  } catch (error) {
    return [error];
  }
}

function saying(what: string, errors: readonly unknown[]): readonly string[] {
  return errors.length === 0 ? [] : [`${what}: ${errors.map(messageOf).join("; ")}`];
}

function telling(error: unknown, what: string): unknown {
  return error instanceof CniError
    ? new CniError(error.code, `${error.message}; ${what}`, error.details)
    : error;
}

async function removeAll(
  { stateDir, netns }: Change,
  record: AttachmentRecord,
  programs: readonly Program[],
): Promise<void> {
  const errors = await remove(reachable(stateDir, { ...record, programs }, netns), netns);
  if (errors.length > 0) throw together(errors);
}

/** A record of a former build may list what no set holds, at which ipset stops. */
async function leave({ stateDir, before }: Change, members: readonly Member[]): Promise<void> {
  const inSets = storable(members);
  if (inSets.length === 0) return;
  const error = await (await import("./uplink/leave.ts")).leave(stateDir, inSets, before.identity);
  if (error !== undefined) throw error;
}

async function comeBack(members: readonly Member[]): Promise<void> {
  const inSets = storable(members);
  if (inSets.length === 0) return;
  const error = await (await import("../kernel/uplink/members.ts")).addMembers(inSets);
  if (error !== undefined) throw error;
}
