/** Classes that went from the conf stay until the last pod has left them. The node's agent moves the pods; without one nobody would. */
import { sameIdentity, type Identity } from "../../datapath/names.ts";
import { setName } from "../../datapath/uplink/sets.ts";
import type { SeenUplink } from "../../kernel/uplink/observe.ts";
import type { UplinkClass } from "../../policy/uplink/class.ts";
import { withFormer } from "../../policy/uplink/former.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import { setsOf } from "../../program/iptables/shared.ts";
import { freshAgent } from "../../state/live/agent.ts";
import type { Membership } from "../../state/record.ts";
import { readStanding } from "../../state/uplinks.ts";
import { readLiveClaims } from "./node.ts";

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
  return former.filter((each) => claims.some(({ membership }) => isIn(each, membership)));
}

/** Those that are still there, by the rules that sort into them: whoever looks does not know which ones an agent has left. */
export function keptClasses(
  former: readonly UplinkClass[],
  { chains }: Pick<SeenUplink, "chains">,
): readonly UplinkClass[] {
  const used = new Set([...chains.values()].flatMap(setsOf));
  return former.filter(({ set }) => set !== undefined && used.has(setName(set, "inet")));
}

/** Whether a change took a pod out of such a class: it may have been the last one in it. */
export function hasLeftFormer(
  stateDir: string,
  before: Membership | undefined,
  after: Membership | undefined,
): boolean {
  if (before === undefined || (before.device === after?.device && before.class === after.class)) return false;
  const { former = [] } = readStanding(stateDir, before.device) ?? {};
  return former.some((each) => isIn(each, before));
}

/** While a pod moves its record lists the sets of both. */
function isIn({ name, set = "" }: UplinkClass, membership: Membership): boolean {
  const sets = new Set([setName(set, "inet"), setName(set, "inet6")]);
  return membership.class === name || membership.members.some((member) => sets.has(member.set));
}
