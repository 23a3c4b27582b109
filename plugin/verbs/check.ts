/** CHECK: read the kernel back and name every object that is not as it was applied last. Writes nothing. */
import { decide } from "../attachment/decide.ts";
import { driftOf } from "../attachment/drift.ts";
import type { Now } from "../attachment/unapplied.ts";
import { learn } from "../attachment/learn.ts";
import { identityOf } from "../attachment/plan.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { resultFrom } from "../cni/prev-result.ts";
import { parseRequest, podName, type Request } from "../cni/request.ts";
import { assertPodNetns } from "../kernel/netns.ts";
import { readRecord } from "../state/store.ts";
import type { Command } from "./context.ts";

export const check: Command = async ({ call, input, document, version, log }) => {
  const request = parseRequest(call, document);
  resultFrom(input, version);
  const now = await decidedNow(request);
  assertPodNetns(call.netns);
  const record = readRecord(request.conf.stateDir, identityOf(request));
  const { faults, notes } = await driftOf(request, now, record);
  const who = `${podName(call)} ${call.ifname}`;
  for (const { level, text } of notes) log(level, `CHECK ${who}: ${text}`);
  if (faults.length > 0) throw drifted(who, faults);
  return undefined;
};

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
