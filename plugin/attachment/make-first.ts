/** The first ADD of an attachment: nothing of it is there, and a failure undoes all of it. */
import type { Features } from "../datapath/driver.ts";
import { ruleChains } from "../datapath/rules/chains.ts";
import { dependOnLink } from "../datapath/uplink/class-rules.ts";
import { messageOf } from "../errors.ts";
import { applyFresh, type ApplyResult } from "../kernel/apply.ts";
import type { Outcome } from "../kernel/exec.ts";
import { kernelHasIpv6 } from "../kernel/linux.ts";
import { without } from "../program/compare.ts";
import { describe, merge } from "../program/program.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { writeRecord } from "../state/record-file.ts";
import { readFacts } from "./facts.ts";
import { readFeatures } from "./features.ts";
import { unseenEnd } from "./host-end.ts";
import { planFor, type Plan } from "./plan.ts";
import type { BareTask } from "./make-bare.ts";
import { recordOf } from "./recording.ts";
import { undo } from "./undo.ts";

export type Task = BareTask & {
  /** How the pod's interface is: asked already. */
  readonly looking: Promise<Outcome>;
};

/** Most rules need no look at the pod's link, so their sets and chains are made while that is being read. */
export async function addFirst(task: Task): Promise<void> {
  const { request, policy, stateDir } = task;
  const { netns } = request.call;
  const features = readFeatures(stateDir, "keep");
  // A failure is thrown where it is awaited; where the record cannot be written, nothing awaits it.
  features.catch(() => undefined);
  const early = dependOnLink(policy)
    ? []
    : merge(ruleChains(request.call.ifname, policy.rules, kernelHasIpv6()));
  // Started first, for it changes nothing: the record is written while a tool looks at the link.
  const looking = settled(planHere(task, features));
  const first = recordOf(task, undefined, early);
  if (early.length > 0 || first.membership !== undefined) writeRecord(stateDir, first);
  const marking = settled(applyFresh(early, netns));
  const joining = settled(task.uplink?.join(features, task.log) ?? Promise.resolve());
  const [looked, joined] = await Promise.all([looking, joining]);
  const record = await orUndo(first, task, async () => {
    try {
      fulfilled(joined);
      const desired = fulfilled(looked);
      const whole = recordOf(task, desired, desired.programs);
      writeRecord(stateDir, whole);
      return whole;
    } catch (error) {
      // Nothing is undone while it is being made.
      await marking;
      throw error;
    }
  });
  const capping = settled(applyFresh(without(record.programs, early), netns));
  const [marks, caps] = await Promise.all([marking, capping]);
  const [marked, capped] = await orUndo(record, task, async () => [fulfilled(marks), fulfilled(caps)]);
  const owned = merge([...marked.owned, ...capped.owned]);
  const notes = [...marked.notes, ...capped.notes];
  await settle(record, { owned, failures: [...capped.failures, ...marked.failures], notes }, task);
}

export async function planHere(
  { request, policy, looking }: Task,
  features: Promise<Features>,
): Promise<Plan> {
  return planFor(request, policy, await readFacts(request, features, looking));
}

/** Writes what was made into the record, or undoes everything and throws the reason. */
async function settle(record: AttachmentRecord, applied: ApplyResult, task: Task): Promise<void> {
  const owned: AttachmentRecord = { ...record, programs: applied.owned };
  await orUndo(owned, task, async () => {
    if (JSON.stringify(owned) !== JSON.stringify(record)) writeRecord(task.stateDir, owned);
    const [failure] = applied.failures;
    if (failure !== undefined) throw failure.error;
  });
  tell(record, applied, task);
}

export function tell(
  { pod, identity, facts }: AttachmentRecord,
  { notes, owned }: ApplyResult,
  task: Task,
): void {
  const { log } = task;
  const who = `ADD ${pod} ${identity.ifname}`;
  const unseen = unseenEnd(task, facts);
  if (unseen !== undefined) log("warn", `${who}: ${unseen}`);
  for (const { level, text } of notes) log(level, `${who}: ${text}`);
  log("info", `${who}: ${describe(owned).join(", ")}`);
}

/** The runtime gets the failure; what could not be undone goes to the log, and DEL tries again. */
async function orUndo<Value>(
  record: AttachmentRecord,
  task: Task,
  body: () => Promise<Value>,
): Promise<Value> {
  try {
    return await body();
  } catch (error) {
    await takeBack(record, task).catch((second: unknown) => {
      task.log("error", `undoing ${record.pod} ${record.identity.ifname}: ${messageOf(second)}`);
    });
    throw error;
  }
}

export function takeBack(record: AttachmentRecord, { stateDir }: BareTask): Promise<void> {
  return undo({ stateDir, identity: record.identity, record, netns: record.netns });
}

/** Its outcome, to be looked at when others have theirs. */
async function settled<Value>(promise: Promise<Value>): Promise<PromiseSettledResult<Value>> {
  const [outcome] = await Promise.allSettled([promise] as const);
  return outcome;
}

function fulfilled<Value>(outcome: PromiseSettledResult<Value>): Value {
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}
