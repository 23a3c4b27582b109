/**
 * Asks how the pod's interface is. It takes longer than any other step of ADD but the making, so it is begun before the code that
 * understands the answer (inspect.ts) is loaded.
 */
import type { Call } from "../cni/call.ts";
import { showLink } from "../program/link/ifb.ts";
import type { Outcome } from "./exec.ts";
import { runAt } from "./netns.ts";

export function lookAtPod({ netns, ifname }: Pick<Call, "netns" | "ifname">): Promise<Outcome> {
  return runAt("pod", netns, showLink(ifname));
}
