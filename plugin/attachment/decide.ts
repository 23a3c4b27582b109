/** What an attachment shall have: the one way to a policy, for every verb, for `explain` and for the agent. Reads rules only where there are some. */
import { interfaceNameFault } from "../cni/call.ts";
import type { Annotations, Request } from "../cni/request.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { mergeKnowledge } from "../knowledge/merge.ts";
import type { Looked } from "../knowledge/destinations.ts";
import type { Knowledge, KnownObjects, LabelSource } from "../knowledge/knowledge.ts";
import { namespaceAnnotations, ownAnnotations } from "../policy/annotation/annotations.ts";
import type { Rule } from "../policy/rule/rule.ts";
import { decidePolicy, hasRequests, noRules, type Policy, type RuleSources } from "../policy/policy.ts";
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
    /** The pods that rules name as destinations. */
    readonly destinations: Looked["asked"];
    /** Rules that have not the addresses of these pods, by their source. */
    readonly addressless: Looked["unknown"];
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
  const decided = decidePolicy(request, sources, choose);
  const {
    rules,
    asked: destinations,
    unknown: addressless,
  } = await withDestinations(decided.rules, request, knowledge);
  const policy = { ...decided, rules };
  const { passedOver, selectsNetworks } = sources;
  const undecided = [...sources.undecided, ...(policy.uplink?.undecided ?? []).map(({ source }) => source)];
  const { namespaceAnnotations: annotations } = request.pod;
  const decision = {
    ...policy,
    passedOver,
    selectsNetworks,
    undecided,
    destinations,
    addressless,
    labelsFrom,
    namespaceAnnotations: annotations,
  };
  if (!hasRequests(policy))
    return { ...decision, warnings: [...policy.warnings, ...unheard(request, knowledge)] };
  assertNameable(request.call.ifname);
  return decision;
}

/** In the words of what is pending. */
export function addressesLacking(addressless: readonly string[]): readonly string[] {
  return addressless.map((source) => `addresses of the pods that ${source} names`);
}

const noDestinations = { asked: [], unknown: [] } as const;

/** Most pods have no rule that names pods. */
async function withDestinations(
  rules: readonly Rule[],
  { call, conf, pod }: Request,
  knowledge: Knowledge | undefined,
): Promise<Looked> {
  const naming = rules.filter(({ toPods }) => toPods !== undefined);
  if (naming.length === 0) return { ...noDestinations, rules };
  const { lookUp, podNetworkOf } = await import("../knowledge/destinations.ts");
  const attachment = { pod, network: conf.network, ifname: call.ifname };
  const surroundings = knowledge?.objects?.surroundings(conf.network) ?? { namespaces: [], nads: [] };
  const network = podNetworkOf(attachment, surroundings, knowledge?.pod?.annotations ?? {});
  if (network === undefined || pod.namespace === undefined)
    return { rules, asked: [], unknown: naming.map(({ source }) => source) };
  return lookUp(rules, pod.namespace, network, knowledge?.destinations);
}

/** Where nobody follows the API nobody knows the addresses, today or later. */
export function assertFindsDestinations({ rules }: Policy, knowledge: Knowledge | undefined): void {
  const naming = rules.find(({ toPods }) => toPods !== undefined);
  if (naming === undefined || knowledge?.objects !== undefined) return;
  throw new CniError(
    ErrorCode.invalidConfig,
    `${naming.source} names pods by label in "to". Their addresses come from the node's agent, and no agent follows the ` +
      `Kubernetes API here: run pod-qos agent, or name the network of these pods with ipBlock`,
  );
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
