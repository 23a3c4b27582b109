/** What an attachment shall have: the one way to a policy, for every verb and for `explain`. Reads rules only where there are some. */
import { interfaceNameFault } from "../cni/call.ts";
import type { Request } from "../cni/request.ts";
import { CniError, ErrorCode } from "../errors.ts";
import type { NodeUplink } from "../kernel/uplink/link.ts";
import { ownAnnotations } from "../policy/annotations.ts";
import { decidePolicy, hasWishes, noRules, type Policy, type RuleSources } from "../policy/policy.ts";
import type { Keep, ManifestRules } from "../state/policies.ts";

/** For people who ask, beside the policy: manifests of the pod's namespace that do not speak of it, and why not. */
export type Decision = Policy & Pick<RuleSources, "passedOver">;

/** `link`: that of the node's uplink, where it is assumed; else it is read. */
export async function decide(request: Request, keep: Keep, link?: NodeUplink): Promise<Decision> {
  const { uplink } = request.conf;
  const choose = uplink && (await import("./uplink/choose.ts")).classChooser(uplink, request, link);
  const sources = await ruleSourcesFor(request, keep);
  const policy = decidePolicy(request, sources, choose);
  const { passedOver } = sources;
  if (!hasWishes(policy))
    return { ...policy, passedOver, warnings: [...policy.warnings, ...unheard(request)] };
  assertNameable(request.call.ifname);
  return { ...policy, passedOver };
}

/** A conf by which no pod can ever have a limit is reported with each pod that gets none. */
function unheard({ unheard: reason }: Request): readonly string[] {
  return reason === undefined ? [] : [reason];
}

function assertNameable(ifname: string): void {
  const fault = interfaceNameFault(ifname);
  if (fault === undefined) return;
  throw new CniError(
    ErrorCode.invalidEnvironment,
    `CNI_IFNAME ${fault}: such an interface can have no limit, mark or class`,
  );
}

async function ruleSourcesFor(request: Request, keep: Keep): Promise<RuleSources> {
  const own = hasOwnRules(request)
    ? await (await import("../policy/own-rules.ts")).readOwnRules(request)
    : {};
  const { policyDir } = request.conf;
  const manifests = policyDir === undefined ? {} : await manifestRules(request, policyDir, keep);
  return { ...noRules, ...own, ...manifests };
}

function hasOwnRules({ conf, runtime }: Request): boolean {
  return (
    conf.rules !== undefined || ownAnnotations(runtime.annotations).some(({ name }) => name === "egress")
  );
}

async function manifestRules(request: Request, policyDir: string, keep: Keep): Promise<ManifestRules> {
  const { call, conf, pod } = request;
  const { loadPolicies } = await import("../state/policies.ts");
  const attachment = { pod, network: conf.network, ifname: call.ifname };
  return loadPolicies({ policyDir, stateDir: conf.stateDir }, attachment, keep);
}
