/** Whether an attachment has what is requested now, by what the node's agent has left. */
import type { Identity } from "../datapath/names.ts";
import { freshAgent } from "../state/live/agent.ts";
import { readTroubles, type Trouble, type Troubled } from "../state/live/troubles.ts";

/** "unknown": no agent is at work, so nothing that was requested since the pod's start has been decided. */
export type Step = Trouble | { readonly state: "in step" | "unknown"; readonly reason: null };

/** null: no agent is at work that says it. */
export function readStepsOf(stateDir: string): readonly Troubled[] | null {
  return freshAgent(stateDir) === undefined ? null : (readTroubles(stateDir) ?? null);
}

export function stepOf(troubles: readonly Troubled[] | null, identity: Identity): Step {
  if (troubles === null) return { state: "unknown", reason: null };
  const trouble = troubles.find((each) => isOf(each, identity));
  return trouble === undefined
    ? { state: "in step", reason: null }
    : { state: trouble.state, reason: trouble.reason };
}

function isOf(one: Identity, { network, containerId, ifname }: Identity): boolean {
  return one.network === network && one.containerId === containerId && one.ifname === ifname;
}
