/** What of an uplink, and of a pod's part in it, is not as it should be, in sentences; none when all is well. */
import { podPart, uplinkSets, type PodPart } from "../../datapath/uplink/sets.ts";
import { uplinkState } from "../../datapath/uplink/state.ts";
import { readFeatures } from "../features.ts";
import { kernelHasIpv6, readNodeLink } from "../../kernel/linux.ts";
import { readSets, uplinkDrift } from "../../kernel/uplink/observe.ts";
import { messageOf } from "../../errors.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { Membership } from "../../state/record.ts";
import { readStanding } from "../../state/uplinks.ts";
import { readClaims, readLiveClaims } from "./node.ts";
import { tally } from "./tally.ts";

export async function podFaults(stateDir: string, membership: Membership): Promise<readonly string[]> {
  return orSaying(membershipDrift(stateDir, membership));
}

/** Throws where it cannot be read. */
export async function membershipDrift(
  stateDir: string,
  { device, class: className, addresses, members }: Membership,
): Promise<readonly string[]> {
  const uplink = readStanding(stateDir, device)?.uplink;
  if (uplink === undefined)
    return [`no uplink ${device} is known any more: it was removed, or a pod says no more of it`];
  if (!uplink.classes.some(({ name }) => name === className))
    return [`the uplink ${device} has no class ${className} any more`];
  return readDrift(
    stateDir,
    uplink,
    podPart(uplink, className, addresses ?? members.map(({ address }) => address)),
  );
}

/** Also addresses of running pods that the sets lack, and those of no pod that they have. */
export async function nodeFaults(stateDir: string, uplink: Uplink): Promise<readonly string[]> {
  const [own, ofSets] = await Promise.all([uplinkFaults(stateDir, uplink), setFaults(stateDir, uplink)]);
  return [...own, ...ofSets];
}

/** The sets before the records: what is in one has a record by then. */
async function setFaults(stateDir: string, uplink: Uplink): Promise<readonly string[]> {
  const names = uplinkSets(uplink, kernelHasIpv6()).map(({ name }) => name);
  const sets = await readSets(names).catch(() => undefined);
  // Why they cannot be read is reported with the uplink's rules, which need them.
  if (sets === undefined) return [];
  const claims = readClaims(stateDir);
  const [path] = claims.unreadable;
  const owner = path === undefined ? "the next ADD or GC takes it out" : `it may be that of ${path}`;
  return [
    ...tally(readLiveClaims(stateDir), uplink, sets).missing.map(
      ({ set, address, claim }) =>
        `ipset ${set} lacks ${address} of ${claim.pod} ${claim.identity.ifname}: the next ADD of any pod with this uplink puts it back`,
    ),
    ...tally(claims, uplink, sets).unclaimed.map(
      ({ set, address }) => `ipset ${set} has ${address}, which no record claims: ${owner}`,
    ),
  ];
}

export async function uplinkFaults(stateDir: string, uplink: Uplink): Promise<readonly string[]> {
  return orSaying(readDrift(stateDir, uplink, { members: [], strangers: [] }));
}

async function readDrift(stateDir: string, uplink: Uplink, pod: PodPart): Promise<readonly string[]> {
  const link = readNodeLink(uplink.device);
  if (link === undefined) return [`this node has no link ${uplink.device} any more`];
  const { fqCodel } = await readFeatures(stateDir, "forget");
  return uplinkDrift(uplinkState(uplink, { mtu: link.mtu, fqCodel, ipv6: kernelHasIpv6() }), pod);
}

async function orSaying(drift: Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await drift;
  } catch (error) {
    return [messageOf(error)];
  }
}
