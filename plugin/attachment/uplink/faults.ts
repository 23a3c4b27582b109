/** What of an uplink, and of a pod's part in it, is not as it should be, in sentences; none when all is well. */
import { podPart, uplinkSets, type PodPart } from "../../datapath/uplink/sets.ts";
import { uplinkState } from "../../datapath/uplink/state.ts";
import { readFeatures } from "../features.ts";
import { kernelHasIpv6, readNodeLink } from "../../kernel/linux.ts";
import { observeUplink, ownDrift, partDrift, readSets } from "../../kernel/uplink/observe.ts";
import { messageOf } from "../../errors.ts";
import type { UplinkClass } from "../../policy/uplink/class.ts";
import { withFormer } from "../../policy/uplink/former.ts";
import type { Uplink } from "../../policy/uplink/uplink.ts";
import type { Membership } from "../../state/record.ts";
import { readStanding } from "../../state/uplinks.ts";
import { keptClasses } from "./former.ts";
import { goneClass } from "./gone-class.ts";
import { readClaims, readLiveClaims } from "./node.ts";
import { tally } from "./tally.ts";

/** What stands of a device. `former`: classes that the conf has no more; some may be there for pods that have not moved. */
export type StandingClasses = {
  readonly uplink: Uplink;
  readonly former?: readonly UplinkClass[] | undefined;
};

export type SeenClasses = {
  /** Of the former classes those that are there, with the numbers that they have. */
  readonly kept: readonly UplinkClass[];
  readonly faults: readonly string[];
};

export async function podFaults(stateDir: string, membership: Membership): Promise<readonly string[]> {
  return orSaying(membershipDrift(stateDir, membership), (fault) => [fault]);
}

/** Throws where it cannot be read. */
export async function membershipDrift(stateDir: string, membership: Membership): Promise<readonly string[]> {
  const { device, class: className, addresses, members } = membership;
  const standing = readStanding(stateDir, device);
  const known = standing && [...standing.uplink.classes, ...(standing.former ?? [])];
  const unknown = goneClass(membership, known);
  if (standing === undefined || unknown !== undefined) return unknown === undefined ? [] : [unknown];
  const { kept, faults } = await look(stateDir, standing, (seen) =>
    podPart(seen, className, addresses ?? members.map(({ address }) => address)),
  );
  const gone = goneClass(membership, [...standing.uplink.classes, ...kept]);
  return gone === undefined ? faults : [gone];
}

/** Also addresses of running pods that the sets lack, and those of no pod that they have. */
export async function nodeFaults(stateDir: string, standing: StandingClasses): Promise<SeenClasses> {
  const { uplink } = standing;
  const seen = look(stateDir, standing, () => ({ members: [], nonMembers: [] }));
  const { kept, faults } = await orSaying(seen, (fault) => ({ kept: [], faults: [fault] }));
  const ofSets = await setFaults(stateDir, { ...uplink, classes: [...uplink.classes, ...kept] });
  return { kept, faults: [...faults, ...ofSets] };
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

async function look(
  stateDir: string,
  { uplink, former = [] }: StandingClasses,
  partIn: (uplink: Uplink) => PodPart,
): Promise<SeenClasses> {
  const link = readNodeLink(uplink.device);
  if (link === undefined) return { kept: [], faults: [`this node has no link ${uplink.device} any more`] };
  const { fqCodel } = await readFeatures(stateDir, "forget");
  const facts = { mtu: link.mtu, fqCodel, ipv6: kernelHasIpv6() };
  const observing = observeUplink(uplinkState(uplink, facts));
  const asItIs = former.length === 0 ? uplink : withFormer(uplink, keptClasses(former, await observing));
  const [seen, part] = await Promise.all([observing, partDrift(partIn(asItIs))]);
  return {
    kept: asItIs.classes.slice(uplink.classes.length),
    faults: [...ownDrift(uplinkState(asItIs, facts), seen), ...part],
  };
}

async function orSaying<Value>(looking: Promise<Value>, saying: (fault: string) => Value): Promise<Value> {
  try {
    return await looking;
  } catch (error) {
    return saying(messageOf(error));
  }
}
