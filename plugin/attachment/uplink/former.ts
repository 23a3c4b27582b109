/** Classes that went from the conf stay until the last pod has left them. The node's agent moves the pods; without one nobody would. */
import { sameIdentity, type Identity } from "../../datapath/names.ts";
import { setName } from "../../datapath/uplink/sets.ts";
import type { UplinkClass } from "../../policy/uplink/class.ts";
import { withFormer } from "../../policy/uplink/former.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import { freshAgent } from "../../state/live/agent.ts";
import { readStanding } from "../../state/uplinks.ts";
import { readLiveClaims, type Claim } from "./node.ts";

/** The uplink with those classes. `owner`: who is about to leave its class. */
export function withClassesInUse(stateDir: string, uplink: Uplink, owner?: Identity): Uplink {
  const kept = classesInUse(stateDir, uplink.device, owner);
  return kept.length === 0 ? uplink : withFormer(uplink, kept);
}

export function classesInUse(stateDir: string, device: string, owner?: Identity): readonly UplinkClass[] {
  const { former = [] } = readStanding(stateDir, device) ?? {};
  if (former.length === 0 || freshAgent(stateDir)?.pid !== process.pid) return [];
  const claims = readLiveClaims(stateDir).claims.filter(
    ({ identity, membership }) =>
      membership.device === device && (owner === undefined || !sameIdentity(identity, owner)),
  );
  return former.filter((each) => claims.some((claim) => isIn(each, claim)));
}

/** While a pod moves its record lists the sets of both. */
function isIn({ name, set = "" }: UplinkClass, { membership }: Claim): boolean {
  const sets = new Set([setName(set, "inet"), setName(set, "inet6")]);
  return membership.class === name || membership.members.some((member) => sets.has(member.set));
}
