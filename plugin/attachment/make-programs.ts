/**
 * Makes the programs of an attachment. A new one is programmed at once, and a failure undoes all of it. One that exists is
 * changed, and a failure keeps what it had (change.ts).
 */
import { CniError, ErrorCode } from "../errors.ts";
import type { Outcome } from "../kernel/exec.ts";
import { isBare, type AttachmentRecord } from "../state/record.ts";
import { hasRecord } from "../state/record-file.ts";
import { readRecord } from "../state/store.ts";
import { change } from "./change.ts";
import { featuresChanged, readFeatures } from "./features.ts";
import { identityOf } from "./identity.ts";
import { makeBare, type BareTask } from "./make-bare.ts";
import { addFirst, planHere, takeBack, tell, type Task } from "./make-first.ts";
import { recordOf } from "./recording.ts";

/** `looking`: how the pod's interface is; undefined where nothing is requested. */
export async function makePrograms(task: BareTask, looking: Promise<Outcome> | undefined): Promise<void> {
  const { request, stateDir } = task;
  const choice = task.policy.uplink;
  const part = choice && (await import("./uplink/part.ts"));
  const isThere = hasRecord(stateDir, identityOf(request));
  const before = readRecord(stateDir, identityOf(request));
  // Before anything is touched: a network that contradicts another goes no further.
  if (choice !== undefined) part?.agreeOnUplink(stateDir, request.conf.network, choice);
  if (looking === undefined) await makeBareAgain(task, before);
  else {
    const uplink = choice && part?.uplinkPart(choice, request);
    await retryAfterReprobe({ ...task, uplink, looking }, before);
  }
  const isTorn = isThere && before === undefined;
  if (isTorn) await (await import("./leftovers.ts")).removeLeftovers(request, task.log);
}

async function makeBareAgain(task: BareTask, before: AttachmentRecord | undefined): Promise<void> {
  const { stateDir, log, request } = task;
  const wanted = recordOf(task, undefined, []);
  if (before !== undefined && before.netnsId !== task.netnsId) await takeBack(before, task);
  else if (before !== undefined && !isBare(before))
    await change({ stateDir, netns: request.call.netns, before, wanted, join: undefined, log });
  makeBare(task);
}

/** The cached features may be more than the kernel has now. The failed try has been undone: the next one plans anew. */
async function retryAfterReprobe(task: Task, before: AttachmentRecord | undefined): Promise<void> {
  try {
    await add(task, before);
  } catch (error) {
    const lacks = error instanceof CniError && error.code === ErrorCode.missingFeature;
    // Where the probe fails as well, the first error says more.
    if (!lacks || !(await featuresChanged(task.stateDir).catch(() => false))) throw error;
    await add(task, readRecord(task.stateDir, identityOf(task.request)));
  }
}

function add(task: Task, before: AttachmentRecord | undefined): Promise<void> {
  return before === undefined ? addFirst(task) : addAgain(task, before);
}

/** A repeated ADD, with the same requests or others. Where it fails, the pod keeps what it had. */
async function addAgain(asked: Task, before: AttachmentRecord): Promise<void> {
  const { request, stateDir, log } = asked;
  if (before.netnsId !== asked.netnsId) {
    await takeBack(before, asked);
    return addFirst(asked);
  }
  const task = await withItsAddresses(asked, before);
  const features = readFeatures(stateDir, "keep");
  const desired = await planHere(task, features);
  const wanted = recordOf(task, desired, desired.programs);
  const join = async (): Promise<void> => task.uplink?.join(features, log);
  const applied = await change({ stateDir, netns: request.call.netns, before, wanted, join, log });
  tell(wanted, applied, task);
}

/** Those that the agent gave the attachment stay. */
async function withItsAddresses(task: Task, { programs }: AttachmentRecord): Promise<Task> {
  const { policy } = task;
  if (policy.rules.every(({ toPods }) => toPods === undefined)) return task;
  const { keepingAllDestinations } = await import("./kept-destinations.ts");
  return { ...task, policy: { ...policy, rules: keepingAllDestinations(policy.rules, programs) } };
}
