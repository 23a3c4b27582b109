/**
 * Takes an attachment that runs from what it has to what it should have, while packets are on their way. The record has both
 * until it is done; what is new stands before what is old goes, and what differs in values is changed in place. Whatever
 * fails, what it had is put back, in the kernel and in the record: a pod that runs is never stripped.
 */
import { CniError, messageOf } from "../errors.ts";
import { applyOver, type Applied } from "../kernel/apply.ts";
import { remove } from "../kernel/remove.ts";
import type { Log } from "../log.ts";
import { without } from "../program/compare.ts";
import { merge, type Program } from "../program/program.ts";
import type { Member } from "../program/ipset/members.ts";
import { isBare, type AttachmentRecord } from "../state/record.ts";
import { writeRecord } from "../state/store.ts";
import { membersIn, membersOnlyIn, withBoth } from "./recording.ts";
import { reachable, together } from "./undo.ts";

export type Change = {
  readonly stateDir: string;
  readonly netns: string;
  readonly before: AttachmentRecord;
  readonly wanted: AttachmentRecord;
  /** Makes the node's uplink as it should be, with the pod in it; undefined where the conf has none. */
  readonly join: (() => Promise<void>) | undefined;
  readonly log: Log;
};

export async function change(task: Change): Promise<Applied> {
  const { stateDir, netns, before, wanted, join } = task;
  writeRecord(stateDir, withBoth(before, wanted));
  let owned: readonly Program[] = [];
  try {
    const applied = await applyOver(wanted.programs, netns, before.programs);
    ({ owned } = applied);
    if (applied.error !== undefined) throw applied.error;
    await join?.();
    await leave(task, membersOnlyIn(before, wanted));
    await removeAll(task, before, without(before.programs, wanted.programs));
    writeRecord(stateDir, { ...wanted, programs: owned });
    return applied;
  } catch (error) {
    throw await putBack(task, owned, error);
  }
}

/** The error to tell: what failed, and what the pod has now. */
async function putBack(task: Change, made: readonly Program[], error: unknown): Promise<unknown> {
  const { stateDir, netns, before, wanted, log } = task;
  try {
    const ours = merge([...before.programs, ...without(made, before.programs)]);
    const applied = await applyOver(before.programs, netns, ours);
    if (applied.error !== undefined) throw applied.error;
    await comeBack(membersIn(before));
    await leave(task, membersOnlyIn(wanted, before));
    await removeAll(task, wanted, without(made, before.programs));
    writeRecord(stateDir, before);
    return isBare(before) ? error : telling(error, "what it had before goes on as it was");
  } catch (second) {
    log("error", `putting back what ${before.pod} ${before.identity.ifname} had: ${messageOf(second)}`);
    return telling(error, `of what it had before not all could be put back: ${messageOf(second)}`);
  }
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

async function leave({ stateDir, before }: Change, members: readonly Member[]): Promise<void> {
  if (members.length === 0) return;
  const error = await (await import("./uplink/leave.ts")).leave(stateDir, members, before.identity);
  if (error !== undefined) throw error;
}

async function comeBack(members: readonly Member[]): Promise<void> {
  if (members.length > 0) await (await import("../kernel/uplink/members.ts")).addMembers(members);
}
