/** What ADD writes down of an attachment before it touches the kernel. */
import { podName, type Request } from "../cni/request.ts";
import type { Policy } from "../policy/policy.ts";
import { matchesAll } from "../policy/rule.ts";
import type { Program } from "../program/program.ts";
import type { Member } from "../program/ipset/members.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { ownBuild } from "./build.ts";
import { askedWithin, sizeOf } from "./asked.ts";
import { identityOf, type Plan } from "./plan.ts";
import type { UplinkPart } from "./uplink/part.ts";

export type Recorded = {
  readonly request: Request;
  readonly policy: Policy;
  readonly netnsId: string;
  readonly uplink: UplinkPart | undefined;
};

/** `desired` is undefined until the pod's link has been looked at. */
export function recordOf(
  { request, policy, netnsId, uplink }: Recorded,
  desired: Plan | undefined,
  programs: readonly Program[],
): AttachmentRecord {
  const { call } = request;
  const record: AttachmentRecord = {
    version: 1,
    identity: identityOf(request),
    netns: call.netns,
    netnsId,
    pod: podName(call),
    facts: desired?.facts,
    programs,
    limits: limitsOf(policy),
    ...(uplink === undefined ? {} : { membership: uplink.membership }),
    build: ownBuild,
  };
  return { ...record, asked: askedWithin(longestRecord - sizeOf({ ...record, programs: [] }), request) };
}

/** Bytes, without the programs: every pod of a node has a record, and each ADD reads some of them. */
const longestRecord = 16 * 1024;

export function limitsOf({ egress, ingress, rules }: Policy): NonNullable<AttachmentRecord["limits"]> {
  const rest = rules.find(matchesAll);
  return {
    ...(egress === undefined ? {} : { egress: egress.rate }),
    ...(ingress === undefined ? {} : { ingress: ingress.rate }),
    ...(rest?.dscp === undefined ? {} : { dscp: rest.dscp }),
    rules: rules.length,
  };
}

/** The sets of a class that the pod is in no longer. */
export function formerMembers(before: AttachmentRecord, { membership }: AttachmentRecord): readonly Member[] {
  const kept = new Set(membership?.members.map((member) => JSON.stringify(member)));
  return before.membership?.members.filter((member) => !kept.has(JSON.stringify(member))) ?? [];
}

/** Until the former ones are left, the record has them as well: who is killed in between leaves none behind. */
export function withMembers(
  record: AttachmentRecord,
  before: AttachmentRecord,
  former: readonly Member[],
): AttachmentRecord {
  const membership = record.membership ?? before.membership;
  if (membership === undefined || former.length === 0) return record;
  return {
    ...record,
    membership: { ...membership, members: [...(record.membership?.members ?? []), ...former] },
  };
}
