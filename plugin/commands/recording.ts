/** What ADD writes down of an attachment before it touches the kernel. */
import { podName, type Request } from "../cni/request.ts";
import type { Policy } from "../policy/policy.ts";
import { matchesAll } from "../policy/rule.ts";
import type { Program } from "../program/program.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { identityOf, type Desired } from "./desired.ts";
import type { UplinkPart } from "./uplink-part.ts";

export type Recorded = {
  readonly request: Request;
  readonly policy: Policy;
  readonly netnsId: string;
  readonly uplink: UplinkPart | undefined;
};

/** `desired` is undefined until the pod's link has been looked at. */
export function recordOf(
  { request, policy, netnsId, uplink }: Recorded,
  desired: Desired | undefined,
  programs: readonly Program[],
): AttachmentRecord {
  const { call } = request;
  return {
    version: 1,
    identity: identityOf(request),
    netns: call.netns,
    netnsId,
    pod: podName(call),
    facts: desired?.facts,
    programs,
    limits: limitsOf(policy),
    ...(uplink === undefined ? {} : { membership: uplink.membership }),
  };
}

function limitsOf({ egress, ingress, rules }: Policy): NonNullable<AttachmentRecord["limits"]> {
  const last = rules.at(-1);
  return {
    ...(egress === undefined ? {} : { egress: egress.rate }),
    ...(ingress === undefined ? {} : { ingress: ingress.rate }),
    ...(last?.dscp === undefined || !matchesAll(last) ? {} : { dscp: last.dscp }),
    rules: rules.length,
  };
}
