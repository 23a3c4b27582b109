/** What ADD writes down of an attachment before it touches the kernel. */
import { podName, type Request } from "../cni/request.ts";
import type { Cap } from "../policy/cap/cap.ts";
import type { Policy } from "../policy/policy.ts";
import { matchesAll } from "../policy/rule/rule.ts";
import { viewOf } from "../kernel/netns.ts";
import type { Program } from "../program/program.ts";
import type { AttachmentRecord, LimitSource } from "../state/record.ts";
import type { LabelSource } from "../knowledge/knowledge.ts";
import { ownBuild } from "./build.ts";
import type { Decision } from "./decide.ts";
import { askedWithin, sizeOf } from "./asked.ts";
import { identityOf } from "./identity.ts";
import type { Plan } from "./plan.ts";
import type { UplinkPart } from "./uplink/part.ts";

export type Recorded = {
  readonly request: Request;
  readonly policy: Policy & Partial<Pick<Decision, "labelsFrom" | "pending">>;
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
  const view = viewOf(call.netns);
  const record: AttachmentRecord = {
    version: 1,
    identity: identityOf(request),
    netns: call.netns,
    netnsId,
    ...(view && { view }),
    pod: podName(call),
    facts: desired?.facts,
    programs,
    limits: limitsOf(policy),
    ...sourcesOf(policy),
    ...(uplink === undefined ? {} : { membership: uplink.membership }),
    build: ownBuild,
    ...(isAgents(policy.labelsFrom) && { labelsFrom: policy.labelsFrom }),
    ...(policy.pending !== undefined && { pending: policy.pending }),
  };
  return { ...record, asked: askedWithin(longestRecord - sizeOf({ ...record, programs: [] }), request) };
}

function isAgents(source: LabelSource | undefined): source is "agent" | "stale" {
  return source === "agent" || source === "stale";
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

/** None of a pod that asked for nothing. */
function sourcesOf({ egress, ingress, rules, uplink }: Policy): Pick<AttachmentRecord, "sources"> {
  const rest = rules.find(matchesAll);
  const sources = {
    ...(egress && { egress: sourceOf(egress) }),
    ...(ingress && { ingress: sourceOf(ingress) }),
    ...(rest?.dscp !== undefined && { dscp: rest.source }),
    ...(uplink && { class: uplink.source }),
  };
  return Object.keys(sources).length === 0 ? {} : { sources };
}

function sourceOf({ source, cutFrom }: Cap): LimitSource {
  return { source, ...(cutFrom && { cutFrom }) };
}
