/** A pod's part in its node's uplink: settled between the networks, joined by ADD, looked at by CHECK. */
import type { Request } from "../../cni/request.ts";
import type { Features } from "../../datapath/driver.ts";
import { membersOf, podPart } from "../../datapath/uplink/sets.ts";
import { uplinkState } from "../../datapath/uplink/state.ts";
import { kernelHasIpv6 } from "../../kernel/linux.ts";
import { ensureUplink } from "../../kernel/uplink/ensure.ts";
import { uplinkDrift } from "../../kernel/uplink/observe.ts";
import type { UplinkChoice } from "../../policy/uplink/choose.ts";
import { settleWith, type Said } from "../../policy/uplink/agree.ts";
import type { PodPart, UplinkState } from "../../program/uplink/objects.ts";
import type { AttachmentRecord, Membership } from "../../state/record.ts";
import { hasMembers, membersOfUplink } from "./members.ts";
import { isFresh, say } from "../../state/uplinks.ts";
import { isLive } from "../live.ts";

export type UplinkPart = {
  readonly membership: Membership;
  readonly join: (features: Promise<Features>) => Promise<void>;
};

/** Before anything is touched: a network that contradicts another goes no further. */
export function enterUplink(choice: UplinkChoice, request: Request): UplinkPart {
  const { stateDir, network } = request.conf;
  const { conf, uplink, link } = choice;
  const isThere = (record: AttachmentRecord): boolean => isLive(stateDir, record);
  const isHeard = (other: Said): boolean =>
    isFresh(stateDir, uplink.device, other.network) ||
    hasMembers(stateDir, other.network, uplink.device, isThere);
  const mine = { network, conf, uplink };
  say(stateDir, mine, (standing, others) => settleWith(mine, standing, others, { link, isHeard }));
  const membership = membershipOf(choice, request);
  return {
    membership,
    join: async (features) =>
      ensureUplink(stateOf(choice, await features), partOf(choice, request), () =>
        membersOfUplink(stateDir, choice.uplink, isThere),
      ),
  };
}

/** What is not as it should be, in sentences. */
export async function checkUplink(
  choice: UplinkChoice,
  request: Request,
  record: AttachmentRecord | undefined,
  features: Promise<Features>,
): Promise<readonly string[]> {
  const wanted = membershipOf(choice, request);
  const recorded = record?.membership;
  const moved =
    recorded !== undefined && (recorded.class !== wanted.class || recorded.device !== wanted.device)
      ? [`it is in class ${recorded.class} of ${recorded.device}, wanted ${wanted.class} of ${wanted.device}`]
      : [];
  return [...moved, ...(await uplinkDrift(stateOf(choice, await features), partOf(choice, request)))];
}

function membershipOf({ chosen, uplink }: UplinkChoice, { addresses }: Request): Membership {
  return { device: uplink.device, class: chosen.name, addresses, members: membersOf(chosen.set, addresses) };
}

function partOf({ chosen, uplink }: UplinkChoice, { addresses }: Request): PodPart {
  return podPart(uplink, chosen.name, addresses);
}

function stateOf({ uplink, link }: UplinkChoice, { fqCodel }: Features): UplinkState {
  return uplinkState(uplink, { mtu: link.mtu, fqCodel, ipv6: kernelHasIpv6() });
}
