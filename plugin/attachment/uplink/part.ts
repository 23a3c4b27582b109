/** A pod's part in its node's uplink: settled between the networks, joined by ADD, looked at by CHECK. */
import type { Request } from "../../cni/request.ts";
import type { Features } from "../../datapath/driver.ts";
import { hostAddresses, membersOf, podPart, type PodPart } from "../../datapath/uplink/sets.ts";
import { uplinkState, type UplinkState } from "../../datapath/uplink/state.ts";
import { kernelHasIpv6 } from "../../kernel/linux.ts";
import type { Log } from "../../log.ts";
import { otherHops } from "../../kernel/uplink/hops.ts";
import { uplinkDrift } from "../../kernel/uplink/observe.ts";
import type { UplinkChoice } from "../../policy/uplink/choose.ts";
import type { AttachmentRecord, Membership } from "../../state/record.ts";
import { identityOf } from "../identity.ts";
import { withClassesInUse } from "./former.ts";
import { joinNodeUplink } from "./join.ts";

export { agreeOnUplink } from "./agree.ts";

export type UplinkPart = {
  readonly membership: Membership;
  readonly join: (features: Promise<Features>, log: Log) => Promise<void>;
};

export function uplinkPart(choice: UplinkChoice, request: Request): UplinkPart {
  const { stateDir } = request.conf;
  return {
    membership: membershipOf(choice, request),
    // Some of ADD's work waits for nothing but the features of the kernel, so it is begun with their promise.
    join: async (features, log) => {
      const { uplink } = choice;
      const asItStands = withClassesInUse(stateDir, uplink, identityOf(request));
      const state = stateOf({ ...choice, uplink: asItStands }, await features);
      const found = await joinNodeUplink({ stateDir, uplink, log }, state, partOf(choice, request));
      // Looked for where the uplink was made or mended: it takes two processes.
      if (choice.conf.device === "auto" && found.length > 0) await warnOfOtherHops(uplink.device, log);
    },
  };
}

async function warnOfOtherHops(device: string, log: Log): Promise<void> {
  const others = await otherHops(device);
  if (others.length === 0) return;
  log(
    "warn",
    `uplink.device: "auto" is ${device}, and the default route has other hops, by ${others.join(", ")}: what leaves by these is in no class`,
  );
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

function membershipOf({ chosen, uplink }: UplinkChoice, request: Request): Membership {
  const addresses = hostAddresses(request.addresses);
  return { device: uplink.device, class: chosen.name, addresses, members: membersOf(chosen.set, addresses) };
}

function partOf({ chosen, uplink }: UplinkChoice, { addresses }: Request): PodPart {
  return podPart(uplink, chosen.name, addresses);
}

function stateOf(
  { uplink, link }: Pick<UplinkChoice, "uplink" | "link">,
  { fqCodel }: Features,
): UplinkState {
  return uplinkState(uplink, { mtu: link.mtu, fqCodel, ipv6: kernelHasIpv6() });
}
