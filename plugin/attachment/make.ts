/**
 * Makes an attachment as its policy wants it. Most pods request nothing and get a record alone; the code that plans programs and
 * makes them (make-programs.ts) is loaded for the others.
 */
import type { Request } from "../cni/request.ts";
import { lookAtPod } from "../kernel/look.ts";
import { assertPodNetns } from "../kernel/netns.ts";
import type { Log } from "../log.ts";
import { hasRequests } from "../policy/policy.ts";
import { hasRecord } from "../state/record-file.ts";
import type { Decision } from "./decide.ts";
import { identityOf } from "./identity.ts";
import { recordMayBeLost } from "./lost.ts";
import { makeBare, type BareTask } from "./make-bare.ts";

export async function make(request: Request, policy: Decision, log: Log): Promise<void> {
  const { stateDir } = request.conf;
  const netnsId = assertPodNetns(request.call.netns);
  const task: BareTask = { request, policy, netnsId, uplink: undefined, stateDir, log };
  const asksNothing = !hasRequests(policy);
  const isNew = !hasRecord(stateDir, identityOf(request));
  const mayBeLost = isNew && recordMayBeLost(stateDir, request.call.netns);
  if (asksNothing && isNew) makeBare(task);
  else {
    // Begun first: it runs while the code is loaded.
    const looking = asksNothing ? undefined : lookAtPod(request.call);
    const { makePrograms } = await import("./make-programs.ts");
    await makePrograms(task, looking);
  }
  if (mayBeLost) await (await import("./leftovers.ts")).removeLeftovers(request, log);
}
