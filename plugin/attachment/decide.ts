/** What an attachment shall have: the one way to a policy, for every verb, for `explain` and for the agent. Reads rules only where there are some. */
import { interfaceNameFault } from "../cni/call.ts";
import type { Annotations, Request } from "../cni/request.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { mergeKnowledge } from "../knowledge/merge.ts";
import type { Knowledge, KnownObjects, LabelSource } from "../knowledge/knowledge.ts";
import { namespaceAnnotations, ownAnnotations } from "../policy/annotation/annotations.ts";
import { decidePolicy, hasWishes, noRules, type Policy, type RuleSources } from "../policy/policy.ts";
import type { PodNamespace } from "../policy/uplink/choose.ts";
import type { Beside } from "./uplink/choose.ts";
import { rulesFrom, type ManifestRules } from "../policy/manifests/answer.ts";
import type { Keep } from "../state/policies.ts";

export type Decision = Policy &
  Pick<RuleSources, "passedOver" | "selectsNetworks"> & {
    /** What was left out because labels are not known: they may be, later. */
    readonly undecided: readonly string[];
    readonly labelsFrom: LabelSource;
    /** What the pod's namespace said: by the API, else by its manifest. */
    readonly namespaceAnnotations: Annotations | undefined;
    /** Why it is not what it would be if the agent had been there in time; undefined where it is. */
    readonly pending?: string;
  };

export async function decide(
  said: Request,
  keep: Keep,
  knowledge?: Knowledge,
  beside: Beside = {},
): Promise<Decision> {
  const merged = mergeKnowledge(said, knowledge);
  const { labelsFrom } = merged;
  const manifests = await objectRules(merged.request, keep, knowledge?.objects);
  const request = ofNamespace(merged.request, manifests?.namespaceAnnotations);
  const { uplink } = request.conf;
  const choose =
    uplink &&
    (await import("./uplink/choose.ts")).classChooser(
      uplink,
      request,
      await namespaceOf(request, keep, knowledge),
      beside,
    );
  const sources = { ...noRules, ...(await ownRules(request)), ...manifests };
  const policy = decidePolicy(request, sources, choose);
  const { passedOver, selectsNetworks } = sources;
  const undecided = [...sources.undecided, ...(policy.uplink?.undecided ?? []).map(({ source }) => source)];
  const { namespaceAnnotations: annotations } = request.pod;
  const decision = {
    ...policy,
    passedOver,
    selectsNetworks,
    undecided,
    labelsFrom,
    namespaceAnnotations: annotations,
  };
  if (!hasWishes(policy))
    return { ...decision, warnings: [...policy.warnings, ...unheard(request, knowledge)] };
  assertNameable(request.call.ifname);
  return decision;
}

/** Of a namespace that the API does not speak of a manifest may. */
async function namespaceOf(
  { conf, pod: { namespace: name } }: Request,
  keep: Keep,
  knowledge: Knowledge | undefined,
): Promise<PodNamespace | undefined> {
  if (name === undefined) return undefined;
  const known = knowledge?.objects?.namespace(name);
  if (typeof known === "object") return { name, labels: known.labels };
  const { policyDir, stateDir, uplink } = conf;
  const isAsked = uplink?.classes.some((each) => each.namespaceSelector !== undefined) === true;
  if (policyDir === undefined || !isAsked) return { name, labels: undefined };
  const { namespaceLabels } = await import("../state/policies.ts");
  return { name, labels: await namespaceLabels({ policyDir, stateDir }, name, keep) };
}

/** A conf by which no pod can ever have a limit is reported with each pod that gets none. From an agent it may hear all. */
function unheard({ unheard: reason }: Request, knowledge: Knowledge | undefined): readonly string[] {
  return reason === undefined || knowledge !== undefined ? [] : [reason];
}

function assertNameable(ifname: string): void {
  const fault = interfaceNameFault(ifname);
  if (fault === undefined) return;
  throw new CniError(
    ErrorCode.invalidEnvironment,
    `CNI_IFNAME ${fault}: such an interface can have no limit, mark or class`,
  );
}

/** What the API says of the namespace counts; of one that it does not speak of a manifest may. */
function ofNamespace(request: Request, annotations: Annotations | undefined): Request {
  const { pod } = request;
  return pod.namespaceAnnotations !== undefined || annotations === undefined
    ? request
    : { ...request, pod: { ...pod, namespaceAnnotations: annotations } };
}

async function ownRules(request: Request): Promise<Partial<RuleSources>> {
  return hasOwnRules(request) ? (await import("../policy/rule/own-rules.ts")).readOwnRules(request) : {};
}

function hasOwnRules({ conf, runtime, pod }: Request): boolean {
  const annotations = [...ownAnnotations(runtime.annotations), ...namespaceAnnotations(pod)];
  return conf.rules !== undefined || annotations.some(({ name }) => name === "egress");
}

/** Those of the policy directory and those of the API, as far as there are any. */
async function objectRules(
  { call, conf, pod }: Request,
  keep: Keep,
  objects: KnownObjects | undefined,
): Promise<ManifestRules | undefined> {
  const api = pod.namespace !== undefined && objects?.policies(pod.namespace) ? objects : undefined;
  const { policyDir, stateDir, network } = conf;
  const attachment = { pod, network, ifname: call.ifname };
  if (policyDir === undefined) return api && rulesFrom(api, attachment);
  const { loadPolicies } = await import("../state/policies.ts");
  return loadPolicies({ policyDir, stateDir }, attachment, keep, objects);
}
