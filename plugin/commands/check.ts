/** CHECK: read the kernel back and name every object that is not as this conf and these wishes want it. Writes nothing. */
import { CniError, ErrorCode } from "../errors.ts";
import { parseRequest, podName, resultFrom } from "../cni/request.ts";
import { readFeatures } from "../kernel/features.ts";
import { assertPodNetns } from "../kernel/netns.ts";
import { findDrift } from "../kernel/observe.ts";
import { decidePolicy, hasWishes } from "../policy/policy.ts";
import { readRecord } from "../state/store.ts";
import type { Command } from "./context.ts";
import { desire, identityOf } from "./desired.ts";

export const check: Command = async ({ call, input, document, version }) => {
  const request = parseRequest(call, document);
  resultFrom(input, version);
  const policy = decidePolicy(request);
  assertPodNetns(call.netns);
  const { stateDir } = request.conf;
  const record = readRecord(stateDir, identityOf(request));
  if (!hasWishes(policy) && record === undefined) return undefined;
  const who = `${podName(call)} ${call.ifname}`;
  if (!hasWishes(policy)) throw drifted(who, ["it has limits that nothing asks for any more: ADD it again"]);

  // What the kernel could do when the pod was added decided the plan; it is not asked anew as long as there is a record.
  const features =
    record === undefined ? readFeatures(stateDir, "forget") : Promise.resolve(record.facts.features);
  const { programs } = await desire(request, policy, features);
  const drift = await findDrift(programs, call.netns);
  if (drift.length > 0) throw drifted(who, drift);
  if (record === undefined) {
    throw drifted(who, [`its record is missing under ${stateDir}: DEL and GC could not find what to undo`]);
  }
  return undefined;
};

function drifted(who: string, drift: readonly string[]): CniError {
  return new CniError(
    ErrorCode.kernelRefused,
    `${who} is not limited as it should be: ${drift.join("; ")}`,
    'restart the pod, or call ADD again for it: "pod-qos" then puts back what is missing',
  );
}
