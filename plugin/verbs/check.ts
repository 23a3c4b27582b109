/** CHECK: read the kernel back and name every object that is not as this conf and these wishes want it. Writes nothing. */
import { decide } from "../attachment/decide.ts";
import { driftOf } from "../attachment/drift.ts";
import { identityOf } from "../attachment/plan.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { resultFrom } from "../cni/prev-result.ts";
import { parseRequest, podName } from "../cni/request.ts";
import { assertPodNetns } from "../kernel/netns.ts";
import { hasWishes } from "../policy/policy.ts";
import { isBare } from "../state/record.ts";
import { readRecord } from "../state/store.ts";
import type { Command } from "./context.ts";

export const check: Command = async ({ call, input, document, version, log }) => {
  const request = parseRequest(call, document);
  resultFrom(input, version);
  const policy = await decide(request, "forget");
  assertPodNetns(call.netns);
  const record = readRecord(request.conf.stateDir, identityOf(request));
  if (!hasWishes(policy) && (record === undefined || isBare(record))) return undefined;
  const who = `${podName(call)} ${call.ifname}`;
  if (!hasWishes(policy)) throw drifted(who, ["it has limits that nothing asks for any more: ADD it again"]);
  const { faults, notes } = await driftOf(request, policy, record);
  for (const { level, text } of notes) log(level, `CHECK ${who}: ${text}`);
  if (faults.length > 0) throw drifted(who, faults);
  return undefined;
};

function drifted(who: string, found: readonly string[]): CniError {
  return new CniError(
    ErrorCode.kernelRefused,
    `${who} is not limited as it should be: ${found.join("; ")}`,
    'restart the pod, or call ADD again for it: "pod-qos" then puts back what is missing (of two entries of pod-qos in one conflist the later replaces the former)',
  );
}
