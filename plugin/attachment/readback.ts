/**
 * Compares what an attachment has in the kernel with its record, and puts back what was removed or altered. Foreign objects beside
 * ours are left as they are; one that is in the way of ours is named.
 */
import { observeAll, observeInTurn } from "../kernel/observe-in-turn.ts";
import type { Log } from "../log.ts";
import { drift } from "../program/program.ts";
import { isBare, type AttachmentRecord } from "../state/record.ts";
import { readRecord } from "../state/store.ts";
import { change } from "./change.ts";
import { withoutTakenEnd } from "./host-end.ts";
import { isLive } from "./live.ts";
import { aloneBriefly } from "./lock.ts";

export type ReadBack =
  | { readonly kind: "well" }
  /** In sentences, what was not as it should be, by the tools that it was found with. */
  | { readonly kind: "mended"; readonly faults: readonly Fault[] }
  | { readonly kind: "unmended"; readonly faults: readonly Fault[]; readonly error: unknown };

export type Fault = { readonly tool: string; readonly text: string };

export type Reading = { readonly stateDir: string; readonly record: AttachmentRecord; readonly log: Log };

export async function readBack(reading: Reading): Promise<ReadBack> {
  const { stateDir } = reading;
  const record = toRead(stateDir, reading.record);
  if (record === undefined) return { kind: "well" };
  const seen = await faultsOf(record);
  if (seen.length === 0) return { kind: "well" };
  const lock = { stateDir, identity: record.identity, verb: "agent" };
  try {
    return await aloneBriefly(lock, () => mend(reading));
  } catch (error) {
    return { kind: "unmended", faults: seen, error };
  }
}

/**
 * Looks at several at once, which costs less than one by one. The names of those that are not as they should be, or that could not be
 * read: readBack tells of each.
 */
export async function suspectsAmong(
  stateDir: string,
  records: ReadonlyMap<string, AttachmentRecord>,
): Promise<readonly string[]> {
  const toLookAt = [...records].flatMap(([name, record]) => {
    const read = toRead(stateDir, record);
    return read === undefined ? [] : [{ name, programs: read.programs, netns: read.netns }];
  });
  const answers = await observeAll(toLookAt);
  return toLookAt.flatMap(({ name }, at) => {
    const answer = answers[at];
    return answer?.kind === "seen" && drift(answer.observations).length === 0 ? [] : [name];
  });
}

/** undefined where there is nothing to compare. */
function toRead(stateDir: string, recorded: AttachmentRecord): AttachmentRecord | undefined {
  const record = withoutTakenEnd(recorded);
  const isRead = !isBare(record) && isLive(stateDir, record) && record.membership?.leaving !== true;
  return isRead ? record : undefined;
}

/** Without the lock an ADD or DEL may have been half done: with it, what is missing is missing. */
async function mend({ stateDir, record: { identity }, log }: Reading): Promise<ReadBack> {
  const found = readRecord(stateDir, identity);
  const record = found && withoutTakenEnd(found);
  if (record === undefined || isBare(record) || !isLive(stateDir, record)) return { kind: "well" };
  const faults = await faultsOf(record);
  if (faults.length === 0) return { kind: "well" };
  await change({ stateDir, netns: record.netns, before: record, wanted: record, join: undefined, log });
  return { kind: "mended", faults };
}

/** Its addresses in the sets of its class are the node's to look at, for all pods at once (uplink/settle.ts). */
async function faultsOf({ programs, netns }: AttachmentRecord): Promise<readonly Fault[]> {
  const observed = await observeInTurn(programs, netns);
  return observed.flatMap((one) => drift([one]).map((text) => ({ tool: one.program.tool, text })));
}
