/** What an attachment shall have, for every verb that asks. Reads rules only where there are some. */
import { interfaceNameFault } from "../cni/call.ts";
import type { Request } from "../cni/request.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { ownAnnotations } from "../policy/annotations.ts";
import { decidePolicy, hasWishes, noRules, type Policy, type RuleSources } from "../policy/policy.ts";
import type { Keep, ManifestRules } from "../state/policies.ts";

export async function decide(request: Request, keep: Keep): Promise<Policy> {
  const { uplink } = request.conf;
  const choose = uplink && (await import("./uplink/choose.ts")).classChooser(uplink, request);
  const policy = decidePolicy(request, await ruleSourcesFor(request, keep), choose);
  if (hasWishes(policy)) assertNameable(request.call.ifname);
  return policy;
}

function assertNameable(ifname: string): void {
  const fault = interfaceNameFault(ifname);
  if (fault === undefined) return;
  throw new CniError(
    ErrorCode.invalidEnvironment,
    `CNI_IFNAME ${fault}: such an interface can have no limit, mark or class`,
  );
}

export async function ruleSourcesFor(request: Request, keep: Keep): Promise<RuleSources> {
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
