/** What stands where an uplink shall be and is not ours: whose it looks like, and how to hand over. */
import { CniError, ErrorCode } from "../../errors.ts";
import type { UplinkState } from "../../datapath/uplink/state.ts";
import { describeChain } from "../../program/iptables/chain.ts";
import { foreignRule } from "../../program/iptables/shared.ts";
import { rootOwner } from "../../program/tc/tree.ts";
import { wantedChains, type SeenUplink } from "./observe.ts";

export function assertNothingForeign(state: UplinkState, seen: SeenUplink): void {
  const { device, root } = state;
  const owner = rootOwner(root, seen.tree);
  if (owner !== undefined && owner !== "ours") {
    const script = owner.text.startsWith("qdisc htb 1: ")
      ? " (it looks like a script's or the bulk-seed DaemonSet's: stop that first)"
      : "";
    throw new CniError(
      ErrorCode.foreignObject,
      `${device} already has "${owner.text}", which is not ours${script}; to hand over: "tc qdisc del dev ${device} root"`,
    );
  }
  for (const [family, wanted] of wantedChains(state)) {
    const observed = seen.chains.get(family);
    const foreign = observed && foreignRule(wanted, observed);
    if (foreign === undefined) continue;
    throw new CniError(
      ErrorCode.foreignObject,
      `${describeChain(family, wanted.name)} has a rule that is not ours, "${foreign}": take it out, or rename that chain`,
    );
  }
}
