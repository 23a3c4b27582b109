/** The facts that a plan needs: from the kernel now, or from the record. */
import type { Request } from "../cni/request.ts";
import type { Facts, Features } from "../datapath/driver.ts";
import type { Outcome } from "../kernel/exec.ts";
import { factsIn, type PodLinkQuery } from "../kernel/inspect.ts";
import { lookAtPod } from "../kernel/look.ts";
import { runAt } from "../kernel/netns.ts";
import { observeAnd } from "../kernel/observe-in-turn.ts";
import { showLink } from "../program/link/ifb.ts";
import type { Observation, Program } from "../program/program.ts";

export async function readFacts(
  request: Request,
  features: Promise<Features>,
  looking: Promise<Outcome> = lookAtPod(request.call),
): Promise<Facts> {
  const [outcome, known] = await Promise.all([looking, features]);
  return factsIn(outcome, attachmentOf(request), known);
}

/** With the kernel's objects of these programs, at one go. */
export async function readFactsAndObserve(
  request: Request,
  features: Features,
  programs: readonly Program[],
): Promise<{ readonly found: Facts; readonly observed: readonly Observation[] }> {
  const attachment = attachmentOf(request);
  const link = showLink(attachment.ifname);
  const { observed, outcomes } = await observeAnd(programs, attachment.netns, [link]);
  const [outcome = await runAt("pod", attachment.netns, link)] = outcomes;
  return { found: factsIn(outcome, attachment, features), observed };
}

function attachmentOf({ call, interfaces }: Request): PodLinkQuery {
  return { netns: call.netns, ifname: call.ifname, interfaces };
}

/**
 * What is there now, but for what came after ADD. A plugin behind us may set the MTU (tuning does): bursts and queues planned
 * for another one still limit as they should. And IPv6 may have come with a module since.
 */
export function asAdded(found: Facts, { podLink, hostEnd, ipv6 }: Facts): Facts {
  const isSameEnd = hostEnd !== undefined && hostEnd.ifindex === found.hostEnd?.ifindex;
  return {
    ...found,
    ipv6,
    podLink: { ...found.podLink, mtu: podLink.mtu },
    hostEnd: isSameEnd ? { ...found.hostEnd, mtu: hostEnd.mtu } : found.hostEnd,
  };
}
