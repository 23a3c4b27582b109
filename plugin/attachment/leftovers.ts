/**
 * What a pod has of ours that no record lists and nothing asks for: the record was lost, and other things are requested since.
 * Known by place and name, as DEL knows an ifb.
 */
import type { Request } from "../cni/request.ts";
import { messageOf } from "../errors.ts";
import { isNameOf, possiblePrograms } from "../datapath/own.ts";
import type { Features } from "../datapath/driver.ts";
import { findPossible } from "../kernel/possible.ts";
import { remove } from "../kernel/remove.ts";
import type { Log } from "../log.ts";
import { without } from "../program/compare.ts";
import { describe, type Program } from "../program/program.ts";
import { readRecord } from "../state/store.ts";
import { readFacts } from "./facts.ts";
import { identityOf } from "./identity.ts";

/** `planned`: what the pod should have. In sentences, for CHECK. */
export async function leftoverFaults(
  request: Request,
  planned: readonly Program[],
): Promise<readonly string[]> {
  const left = await findLeftovers(request, planned);
  return describe(left).map((object) => `${object} is there, though nothing asks for it`);
}

async function findLeftovers(request: Request, planned: readonly Program[]): Promise<readonly Program[]> {
  const { hostEnd } = await readFacts(request, Promise.resolve(notAsked));
  const possible = possiblePrograms(identityOf(request), hostEnd?.name);
  const { netns, ifname } = request.call;
  return without(await findPossible(possible, netns, isNameOf(ifname)), planned);
}

/** What the kernel can do plays no part in what stands. */
const notAsked: Features = { police: false, fqCodel: false, matcher: "u32" };

/** Behind an ADD or the agent's first decision: the new stands by now. That is no reason to refuse the pod, so what cannot go is logged. */
export async function removeLeftovers(
  request: Request,
  log: Log,
  who = `ADD ${request.call.containerId} ${request.call.ifname}`,
): Promise<void> {
  const { call, conf } = request;
  const identity = identityOf(request);
  try {
    const planned = readRecord(conf.stateDir, identity)?.programs ?? [];
    const left = await findLeftovers(request, planned);
    if (left.length === 0) return;
    const errors = await remove(left, call.netns);
    for (const error of errors)
      log("warn", `${who}: cannot remove what a lost record left: ${error.message}`);
    if (errors.length === 0)
      log("info", `${who}: removed what a lost record left: ${describe(left).join(", ")}`);
  } catch (error) {
    log("info", `${who}: cannot look for what a lost record left: ${messageOf(error)}`);
  }
}
