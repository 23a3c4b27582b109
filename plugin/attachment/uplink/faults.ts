/** What of an uplink, and of a pod's part in it, is not as it should be, in sentences; none when all is well. */
import { podPart } from "../../datapath/uplink/sets.ts";
import { uplinkState } from "../../datapath/uplink/state.ts";
import { readFeatures } from "../features.ts";
import { kernelHasIpv6, readNodeLink } from "../../kernel/linux.ts";
import { uplinkDrift } from "../../kernel/uplink/observe.ts";
import { messageOf } from "../../errors.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { PodPart } from "../../program/uplink/objects.ts";
import type { Membership } from "../../state/record.ts";
import { readStanding } from "../../state/uplinks.ts";

export async function podFaults(
  stateDir: string,
  { device, class: className, addresses, members }: Membership,
): Promise<readonly string[]> {
  const uplink = readStanding(stateDir, device)?.uplink;
  if (uplink === undefined)
    return [`no uplink ${device} is known any more: it was removed, or a pod says no more of it`];
  if (!uplink.classes.some(({ name }) => name === className))
    return [`the uplink ${device} has no class ${className} any more`];
  return uplinkFaults(
    stateDir,
    uplink,
    podPart(uplink, className, addresses ?? members.map(({ address }) => address)),
  );
}

export async function uplinkFaults(
  stateDir: string,
  uplink: Uplink,
  pod: PodPart = { members: [], strangers: [] },
): Promise<readonly string[]> {
  const link = readNodeLink(uplink.device);
  if (link === undefined) return [`this node has no link ${uplink.device} any more`];
  try {
    const { fqCodel } = await readFeatures(stateDir, "forget");
    return await uplinkDrift(uplinkState(uplink, { mtu: link.mtu, fqCodel, ipv6: kernelHasIpv6() }), pod);
  } catch (error) {
    return [messageOf(error)];
  }
}
