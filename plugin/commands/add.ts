/** ADD: decide, record, program, hand prevResult back. A failed ADD leaves nothing; a repeated one changes nothing. */
import { parseRequest, podName, resultFrom, type Request } from "../cni/request.ts";
import { marks } from "../datapath/pod-netns.ts";
import { applyFresh, applyOver, type Applied } from "../kernel/apply.ts";
import { readFeatures } from "../kernel/features.ts";
import { kernelHasIpv6 } from "../kernel/linux.ts";
import { assertPodNetns } from "../kernel/netns.ts";
import { remove } from "../kernel/remove.ts";
import { decidePolicy, hasWishes, type Policy } from "../policy/policy.ts";
import type { Program } from "../program/program.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { deleteRecord, readRecord, writeRecord } from "../state/store.ts";
import type { Command, Context } from "./context.ts";
import { desire, identityOf, type Desired } from "./desired.ts";

export const add: Command = async ({ call, input, document, version, log }) => {
  const request = parseRequest(call, document);
  const result = resultFrom(input, version);
  const policy = decidePolicy(request);
  assertPodNetns(call.netns);
  const { stateDir } = request.conf;
  const task: Task = { request, policy, stateDir, log };
  const before = readRecord(stateDir, identityOf(request));
  if (hasWishes(policy)) await (before === undefined ? addFirst(task) : addAgain(task, before));
  else if (before !== undefined) await undo(before, task);
  return result;
};

type Task = {
  readonly request: Request;
  readonly policy: Policy;
  readonly stateDir: string;
  readonly log: Context["log"];
};

/** Nothing of ours is there. Marks need no look at the pod's link, so they are made while that is being read. */
async function addFirst(task: Task): Promise<void> {
  const { request, policy, stateDir } = task;
  const { netns } = request.call;
  const early = marks(identityOf(request), policy, kernelHasIpv6());
  if (early.length > 0) writeRecord(stateDir, recordOf(task, undefined, early));
  const marking = applyFresh(early, netns);
  let desired: Desired;
  try {
    desired = await desire(request, policy, readFeatures(stateDir, "keep"));
  } catch (error) {
    await undo(recordOf(task, undefined, (await marking).owned), task);
    throw error;
  }
  const record = recordOf(task, desired, desired.programs);
  writeRecord(stateDir, record);
  const [marked, capped] = await Promise.all([marking, applyFresh(desired.programs.filter(isCap), netns)]);
  await settle(
    record,
    { owned: [...capped.owned, ...marked.owned], error: capped.error ?? marked.error },
    task,
  );
}

/** A runtime repeats an ADD, or repeats it with other wishes. What differs only in values is changed in place. */
async function addAgain(task: Task, before: AttachmentRecord): Promise<void> {
  const { request, policy, stateDir } = task;
  const desired = await desire(request, policy, readFeatures(stateDir, "keep"));
  const inPlace = sameTargets(before.programs, desired.programs);
  if (!inPlace) await undo(before, task);
  const record = recordOf(task, desired, desired.programs);
  writeRecord(stateDir, record);
  const owned = inPlace ? before.programs : [];
  await settle(record, await applyOver(desired.programs, request.call.netns, owned), task);
}

function recordOf(
  { request }: Task,
  desired: Desired | undefined,
  programs: readonly Program[],
): AttachmentRecord {
  const { call } = request;
  return {
    version: 1,
    identity: identityOf(request),
    netns: call.netns,
    pod: podName(call),
    facts: desired?.facts,
    programs,
  };
}

/** Keeps the record true to what is ours, or takes everything back and reports why. */
async function settle(record: AttachmentRecord, applied: Applied, task: Task): Promise<void> {
  const owned: AttachmentRecord = { ...record, programs: applied.owned };
  if (applied.error !== undefined) {
    await undo(owned, task);
    throw applied.error;
  }
  if (JSON.stringify(owned) !== JSON.stringify(record)) writeRecord(task.stateDir, owned);
  const objects = owned.programs.flatMap(({ place, objects: all }) =>
    all.map(({ kind }) => `${kind} (${place})`),
  );
  task.log("info", `ADD ${record.pod} ${record.identity.ifname}: ${objects.join(", ")}`);
}

async function undo(record: AttachmentRecord, { stateDir, log }: Task): Promise<void> {
  const errors = await remove(record.programs, record.netns);
  errors.forEach((error) =>
    log("error", `undoing ${record.pod} ${record.identity.ifname}: ${error.message}`),
  );
  if (errors.length === 0) deleteRecord(stateDir, record.identity);
}

function isCap({ tool }: Program): boolean {
  return tool === "link" || tool === "tc";
}

/** Same tools on the same devices. */
function sameTargets(a: readonly Program[], b: readonly Program[]): boolean {
  return targets(a) === targets(b);
}

function targets(programs: readonly Program[]): string {
  const names = programs.flatMap(({ tool, place, objects }) =>
    objects
      .filter(({ kind }) => kind !== "clsact")
      .map((object) => `${tool} ${place} ${object.kind} ${"dev" in object ? object.dev : object.name}`),
  );
  return names.toSorted().join("\n");
}
