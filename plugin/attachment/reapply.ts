/**
 * An attachment that runs, decided anew and changed to what comes of it. The same decision and the same plan as ADD's, by the
 * facts that its record has; where they give what the record holds no process is started. Else, with the attachment's lock and
 * its record read again, the least that is missing is done (change.ts). Whatever fails, the pod keeps what it has.
 */
import { CniError, ErrorCode } from "../errors.ts";
import type { Features } from "../datapath/driver.ts";
import type { Log } from "../log.ts";
import type { UplinkChoice } from "../policy/uplink/choose.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { rewriteRecord } from "../state/record-file.ts";
import { readRecord } from "../state/store.ts";
import { change } from "./change.ts";
import {
  consider,
  hasSameUplink,
  type Considered,
  type Differing,
  type Ground,
  type Partly,
} from "./consider.ts";
import { readFacts } from "./facts.ts";
import { readFeatures } from "./features.ts";
import { endIsTaken, takenEnd } from "./host-end.ts";
import { lifeOf } from "./live.ts";
import { aloneBriefly } from "./lock.ts";
import { planFor } from "./plan.ts";
import { recordOf } from "./recording.ts";
import { undo } from "./undo.ts";

export type Reapplying = Ground & {
  readonly stateDir: string;
  readonly record: AttachmentRecord;
  readonly log: Log;
};

export type Reapplied = Outcome & {
  /** Its record as the agent leaves it; undefined: it has none, or none that can be read. */
  readonly left: AttachmentRecord | undefined;
} & Pick<Considered, "asks">;

type Outcome =
  | (Exclude<Considered, Differing> & {
      /** Who wrote its record last had another conf of the uplink, and may have changed the uplink to it. */
      readonly hadAnotherUplink?: boolean;
    })
  | ({
      readonly kind: "changed";
      readonly before: AttachmentRecord;
      readonly after: AttachmentRecord;
    } & Partly)
  /** Somebody else is at work at it. */
  | { readonly kind: "busy"; readonly error: CniError }
  /** The kernel refused. */
  | { readonly kind: "failed"; readonly error: unknown };

export async function reapply(task: Reapplying): Promise<Reapplied> {
  const { stateDir, record } = task;
  const first = await consider(stateDir, record, task);
  if (first.kind !== "differs" && first.kind !== "gone") return { ...first, left: record };
  const { asks } = first;
  const lock = { stateDir, identity: record.identity, verb: "agent" };
  try {
    return await aloneBriefly(lock, async () => {
      const outcome = await withLock(task).catch((error: unknown) => ({ kind: "failed", error }) as const);
      return { ...outcome, left: recordOrNone(task), asks };
    });
  } catch (error) {
    if (error instanceof CniError) return { kind: "busy", error, left: record, asks };
    throw error;
  }
}

function recordOrNone({ stateDir, record: { identity } }: Reapplying): AttachmentRecord | undefined {
  try {
    return readRecord(stateDir, identity);
  } catch {
    return undefined;
  }
}

/** What was seen without the lock may be no more. */
async function withLock(task: Reapplying): Promise<Outcome> {
  const { stateDir } = task;
  const record = readRecord(stateDir, task.record.identity);
  if (record === undefined) return { kind: "ended" };
  const seen = await consider(stateDir, record, task);
  switch (seen.kind) {
    case "differs":
      return changeTo(task, record, seen);
    case "gone":
      return undoEnded(task, record);
    case "same":
    case "ended":
    case "hidden":
    case "alive":
    case "incomplete":
    case "waiting":
    case "refused":
      return seen;
  }
}

async function changeTo(task: Reapplying, before: AttachmentRecord, differing: Differing): Promise<Outcome> {
  const { stateDir, log } = task;
  const { policy, uplink, isInWordsAlone, rejected, addressless } = differing;
  const refused = policy.uplink && (await disagreement(stateDir, before, policy.uplink));
  if (refused !== undefined) return { kind: "refused", error: refused };
  if (isInWordsAlone && differing.wanted !== undefined) {
    rewriteRecord(stateDir, { ...differing.wanted, programs: before.programs });
    const hadAnotherUplink = !hasSameUplink(differing.wanted, before);
    return { kind: "same", rejected, addressless, hadAnotherUplink };
  }
  const features = readFeatures(stateDir, "keep");
  // Whoever waits for it hears of its failure.
  features.catch(() => undefined);
  const wanted = differing.wanted ?? (await withFacts(before, differing, features));
  const taken = takenEnd(wanted);
  if (taken !== undefined) return { kind: "failed", error: endIsTaken(before, taken) };
  const join = uplink && (async (): Promise<void> => uplink.join(features, log));
  // What was cut short may be half done.
  const trustsRecord = before.unfinished !== true;
  const { notes } = await change({ stateDir, netns: before.netns, before, wanted, join, trustsRecord, log });
  for (const { level, text } of notes) log(level, `${before.pod} ${before.identity.ifname}: ${text}`);
  // DEL waits for our lock; who takes the namespace away need not.
  return lifeOf(stateDir, wanted) === "ended"
    ? undoEnded(task, readRecord(stateDir, before.identity) ?? wanted)
    : { kind: "changed", before, after: wanted, rejected, addressless };
}

/** Why the conf's word of the uplink cannot count beside other networks'; undefined where it does. */
async function disagreement(
  stateDir: string,
  { identity }: AttachmentRecord,
  choice: UplinkChoice,
): Promise<CniError | undefined> {
  try {
    (await import("./uplink/agree.ts")).agreeOnUplink(stateDir, identity.network, choice);
    return undefined;
  } catch (error) {
    if (error instanceof CniError && error.code === ErrorCode.invalidConfig) return error;
    throw error;
  }
}

/** Of a pod that asked for nothing until now the link has not been looked at. */
async function withFacts(
  { netnsId }: AttachmentRecord,
  { request, policy, uplink }: Differing,
  features: Promise<Features>,
): Promise<AttachmentRecord> {
  const plan = planFor(request, policy, await readFacts(request, features));
  return recordOf({ request, policy, netnsId, uplink }, plan, plan.programs);
}

async function undoEnded({ stateDir, log }: Reapplying, record: AttachmentRecord): Promise<Outcome> {
  const { identity, netns } = record;
  await undo({ stateDir, identity, record, netns }, log);
  return { kind: "gone" };
}
