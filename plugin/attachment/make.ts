/**
 * Makes an attachment as its policy wants it. A new one is programmed at once, and a failure undoes all of it. One that exists is
 * changed, and a failure keeps what it had (change.ts).
 */
import type { Request } from "../cni/request.ts";
import type { Features } from "../datapath/driver.ts";
import { ruleChains } from "../datapath/rules/chains.ts";
import { dependOnLink } from "../datapath/uplink/class-rules.ts";
import { applyFresh, type Applied } from "../kernel/apply.ts";
import { featuresChanged, readFeatures } from "./features.ts";
import { kernelHasIpv6 } from "../kernel/linux.ts";
import { assertPodNetns } from "../kernel/netns.ts";
import { hasWishes } from "../policy/policy.ts";
import { CniError, ErrorCode, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { without } from "../program/compare.ts";
import { describe, merge } from "../program/program.ts";
import { isBare, type AttachmentRecord } from "../state/record.ts";
import { readRecord, writeRecord } from "../state/store.ts";
import { change } from "./change.ts";
import type { Decision } from "./decide.ts";
import { readFacts } from "./facts.ts";
import { planFor, identityOf, type Plan } from "./plan.ts";
import { recordOf, type Recorded } from "./recording.ts";
import { undo } from "./undo.ts";

export async function make(request: Request, policy: Decision, log: Log): Promise<void> {
  const part = policy.uplink && (await import("./uplink/part.ts"));
  const task: Task = {
    request,
    policy,
    netnsId: assertPodNetns(request.call.netns),
    stateDir: request.conf.stateDir,
    uplink: policy.uplink && part?.uplinkPart(policy.uplink, request),
    log,
  };
  const before = readRecord(task.stateDir, identityOf(request));
  // Before anything is touched: a network that contradicts another goes no further.
  if (policy.uplink !== undefined) part?.agreeOnUplink(task.stateDir, request.conf.network, policy.uplink);
  if (hasWishes(policy)) await orWithOtherFeatures(task, () => addOver(task, before));
  else await makeBare(task, before);
}

type Task = Recorded & { readonly stateDir: string; readonly log: Log };

/** A pod that requests nothing has a record too, so that the agent can decide it again. Without one it runs as well. */
async function makeBare(task: Task, before: AttachmentRecord | undefined): Promise<void> {
  const record = recordOf(task, undefined, []);
  const { stateDir, log, request } = task;
  if (before !== undefined && before.netnsId !== task.netnsId) await takeBack(before, task);
  else if (before !== undefined && !isBare(before))
    await change({ stateDir, netns: request.call.netns, before, wanted: record, join: undefined, log });
  try {
    writeRecord(task.stateDir, record);
  } catch (error) {
    const what = `ADD ${record.pod} ${record.identity.ifname}: it requests nothing, and its record could not be written`;
    task.log("warn", `${what}: ${messageOf(error)}`);
  }
}

/** The cached features may be more than the kernel has now. The failed try has been undone: the next one plans anew. */
async function orWithOtherFeatures(task: Task, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    const lacks = error instanceof CniError && error.code === ErrorCode.missingFeature;
    // Where the probe fails as well, the first error says more.
    if (!lacks || !(await featuresChanged(task.stateDir).catch(() => false))) throw error;
    await addOver(task, readRecord(task.stateDir, identityOf(task.request)));
  }
}

function addOver(task: Task, before: AttachmentRecord | undefined): Promise<void> {
  return before === undefined ? addFirst(task) : addAgain(task, before);
}

/** Nothing of ours is there. Most rules need no look at the pod's link, so their sets and chains are made while that is being read. */
async function addFirst(task: Task): Promise<void> {
  const { request, policy, stateDir } = task;
  const { netns } = request.call;
  const features = readFeatures(stateDir, "keep");
  // A failure is thrown where it is awaited; where the record cannot be written, nothing awaits it.
  features.catch(() => undefined);
  const early = dependOnLink(policy)
    ? []
    : merge(ruleChains(request.call.ifname, policy.rules, kernelHasIpv6()));
  const first = recordOf(task, undefined, early);
  if (early.length > 0 || first.membership !== undefined) writeRecord(stateDir, first);
  const [marking, looking, joining] = await Promise.allSettled([
    applyFresh(early, netns),
    planHere(task, features),
    task.uplink?.join(features, task.log),
  ]);
  const { record, marked } = await orUndo(first, task, async () => {
    fulfilled(joining);
    const desired = fulfilled(looking);
    const whole = recordOf(task, desired, desired.programs);
    writeRecord(stateDir, whole);
    return { record: whole, marked: fulfilled(marking) };
  });
  const capped = await orUndo(record, task, () => applyFresh(without(record.programs, early), netns));
  const owned = merge([...marked.owned, ...capped.owned]);
  const notes = [...marked.notes, ...capped.notes];
  await settle(record, { owned, failures: [...capped.failures, ...marked.failures], notes }, task);
}

/** A repeated ADD, with the same requests or others. Where it fails, the pod keeps what it had. */
async function addAgain(task: Task, before: AttachmentRecord): Promise<void> {
  const { request, stateDir, log } = task;
  if (before.netnsId !== task.netnsId) {
    await takeBack(before, task);
    return addFirst(task);
  }
  const features = readFeatures(stateDir, "keep");
  const desired = await planHere(task, features);
  const wanted = recordOf(task, desired, desired.programs);
  const join = async (): Promise<void> => task.uplink?.join(features, log);
  const applied = await change({ stateDir, netns: request.call.netns, before, wanted, join, log });
  tell(wanted, applied, task);
}

async function planHere({ request, policy }: Task, features: Promise<Features>): Promise<Plan> {
  return planFor(request, policy, await readFacts(request, features));
}

/** Writes what was made into the record, or undoes everything and throws the reason. */
async function settle(record: AttachmentRecord, applied: Applied, task: Task): Promise<void> {
  const owned: AttachmentRecord = { ...record, programs: applied.owned };
  await orUndo(owned, task, async () => {
    if (JSON.stringify(owned) !== JSON.stringify(record)) writeRecord(task.stateDir, owned);
    const [failure] = applied.failures;
    if (failure !== undefined) throw failure.error;
  });
  tell(record, applied, task);
}

function tell({ pod, identity }: AttachmentRecord, { notes, owned }: Applied, { log }: Task): void {
  const who = `ADD ${pod} ${identity.ifname}`;
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

function takeBack(record: AttachmentRecord, { stateDir }: Task): Promise<void> {
  return undo({ stateDir, identity: record.identity, record, netns: record.netns });
}

function fulfilled<Value>(outcome: PromiseSettledResult<Value>): Value {
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}
