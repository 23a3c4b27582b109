/** CHECK: read the kernel back and name every object that is not as it was applied last. Writes nothing. */
import { decide } from "../attachment/decide.ts";
import { attachmentDrift, type Findings } from "../attachment/drift.ts";
import { isEqual } from "../attachment/equal.ts";
import type { Now } from "../attachment/unapplied.ts";
import { learn } from "../attachment/learn.ts";
import { identityOf } from "../attachment/identity.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { resultFrom } from "../cni/prev-result.ts";
import { parseRequest, podName, type Request } from "../cni/request.ts";
import { assertPodNetns } from "../kernel/netns.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { readRecord } from "../state/store.ts";
import type { Command } from "./context.ts";

export const check: Command = async ({ call, input, document, version, log }) => {
  const request = parseRequest(call, document);
  resultFrom(input, version);
  const { faults, notes } = await findingsOf(request);
  const who = `${podName(call)} ${call.ifname}`;
  for (const { level, text } of notes) log(level, `CHECK ${who}: ${text}`);
  if (faults.length > 0) throw drifted(who, faults);
  return undefined;
};

const longestChangeMs = 2_000;

/** What the agent, or an ADD, changes while it is looked at is no drift: it is looked at again. */
async function findingsOf(request: Request): Promise<Findings> {
  const until = performance.now() + longestChangeMs;
  for (;;) {
    const { record, findings } = await look(request);
    if (findings.faults.length === 0 || performance.now() > until) return findings;
    if (!(await isChanging(request, record))) return await orReleased(request, findings, record);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** CRI-O checks a pod by the conf of its ADD, also one whose limits an uninstall has taken off. */
async function orReleased(
  { conf: { network } }: Request,
  findings: Findings,
  record: AttachmentRecord | undefined,
): Promise<Findings> {
  const { isLeaving } = await import("../state/leaving.ts");
  if (record !== undefined || !isLeaving(network)) return findings;
  const text = "nothing is compared: an uninstall has taken off what this pod had";
  return { faults: [], notes: [...findings.notes, { level: "info", text }] };
}

type Look = { readonly record: AttachmentRecord | undefined; readonly findings: Findings };

async function look(request: Request): Promise<Look> {
  const now = await decidedNow(request);
  assertPodNetns(request.call.netns);
  const record = readRecord(request.conf.stateDir, identityOf(request));
  return { record, findings: await attachmentDrift(request, now, record) };
}

/** In this order: who has left by now has written the record before. */
async function isChanging(request: Request, seen: AttachmentRecord | undefined): Promise<boolean> {
  const { stateDir } = request.conf;
  const identity = identityOf(request);
  // Loaded here: a CHECK that finds nothing has no use for it.
  const { isWorkedAt } = await import("../attachment/lock.ts");
  return isWorkedAt(stateDir, identity) || !isEqual(readRecord(stateDir, identity), seen);
}

/** Does not wait for the agent: what a pod has is compared, not what it could have. */
async function decidedNow(request: Request): Promise<Now> {
  try {
    return await decide(request, "forget", learn(request).knowledge);
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
}

function drifted(who: string, found: readonly string[]): CniError {
  return new CniError(
    ErrorCode.kernelRefused,
    `${who} is not limited as it should be: ${found.join("; ")}`,
    'restart the pod, or call ADD again for it: "pod-qos" then puts back what is missing',
  );
}
