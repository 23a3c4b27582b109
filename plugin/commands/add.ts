/** ADD: decide, record, program, hand prevResult back. A failed ADD leaves nothing; a repeated one changes nothing. */
import { parseRequest, podName, resultFrom, type Request } from "../cni/request.ts";
import { applyFresh, applyOver, type Applied } from "../kernel/apply.ts";
import { readFeatures } from "../kernel/features.ts";
import { assertPodNetns } from "../kernel/netns.ts";
import { remove } from "../kernel/remove.ts";
import { decidePolicy, hasWishes } from "../policy/policy.ts";
import type { Program } from "../program/program.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { deleteRecord, readRecord, writeRecord } from "../state/store.ts";
import type { Command, Context } from "./context.ts";
import { desire, identityOf } from "./desired.ts";

export const add: Command = async ({ call, input, document, version, log }) => {
  const request = parseRequest(call, document);
  const result = resultFrom(input, version);
  const policy = decidePolicy(request);
  assertPodNetns(call.netns);
  const { stateDir } = request.conf;
  const identity = identityOf(request);
  const before = readRecord(stateDir, identity);
  if (before !== undefined && !hasWishes(policy)) await undo(before, stateDir, log);
  if (!hasWishes(policy)) return result;

  const { facts, programs } = await desire(request, policy, readFeatures(stateDir, "keep"));
  const record: AttachmentRecord = {
    version: 1,
    identity,
    netns: call.netns,
    pod: podName(call),
    facts,
    programs,
  };
  if (before !== undefined && !sameTargets(before.programs, programs)) await undo(before, stateDir, log);
  const ownedBefore = before !== undefined && sameTargets(before.programs, programs) ? before.programs : [];
  writeRecord(stateDir, record);
  const applied =
    before === undefined
      ? await applyFresh(programs, call.netns)
      : await applyOver(programs, call.netns, ownedBefore);
  await settle(record, applied, stateDir, log);
  log("info", `ADD ${podName(call)} ${call.ifname}: ${summary(request, programs)}`);
  return result;
};

/** Keeps the record true to what is ours, or takes everything back and reports why. */
async function settle(
  record: AttachmentRecord,
  applied: Applied,
  stateDir: string,
  log: Context["log"],
): Promise<void> {
  const owned: AttachmentRecord = { ...record, programs: applied.owned };
  if (applied.error !== undefined) {
    await undo(owned, stateDir, log);
    throw applied.error;
  }
  if (JSON.stringify(owned) !== JSON.stringify(record)) writeRecord(stateDir, owned);
}

async function undo(record: AttachmentRecord, stateDir: string, log: Context["log"]): Promise<void> {
  const errors = await remove(record.programs, record.netns);
  errors.forEach((error) =>
    log("error", `undoing ${record.pod} ${record.identity.ifname}: ${error.message}`),
  );
  if (errors.length === 0) deleteRecord(stateDir, record.identity);
}

/** Same tools on the same devices: then the difference is in values, which applyOver settles in place. */
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

function summary({ call }: Request, programs: readonly Program[]): string {
  const parts = programs.map(
    ({ tool, place, objects }) =>
      `${objects.length} ${tool} objects ${place === "pod" ? "in the pod" : "on the node"}`,
  );
  return `${parts.join(", ")} (container ${call.containerId})`;
}
