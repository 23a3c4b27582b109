/**
 * Makes an attachment as its policy wants it. A new one is programmed at once, and a failure undoes all of it. One that exists is
 * changed, and a failure keeps what it had (change.ts).
 */
import type { Request } from "../cni/request.ts";
import { featuresChanged, readFeatures } from "./features.ts";
import { assertPodNetns } from "../kernel/netns.ts";
import { hasWishes } from "../policy/policy.ts";
import { CniError, ErrorCode, messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { isBare, type AttachmentRecord } from "../state/record.ts";
import { readRecord, writeRecord } from "../state/store.ts";
import { change } from "./change.ts";
import type { Decision } from "./decide.ts";
import { addFirst, planHere, takeBack, tell, type Task } from "./make-first.ts";
import { identityOf } from "./plan.ts";
import { recordOf } from "./recording.ts";

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
