/** What ADD would decide and program for an attachment, and why, as one value. Touches no kernel and writes nothing. */
import { parseRequest, type Request } from "../../cni/request.ts";
import { assertVersionAllows } from "../../cni/versions.ts";
import type { Facts, Features } from "../../datapath/driver.ts";
import { CniError } from "../../errors.ts";
import { mergeKnowledge } from "../../knowledge/merge.ts";
import type { LabelSource } from "../../knowledge/knowledge.ts";
import { adviceOn } from "../../policy/rule/advice.ts";
import type { NodeUplink } from "../../kernel/uplink/link.ts";
import { decide as ruleFor, type Packet } from "../../policy/rule/model.ts";
import type { Policy } from "../../policy/policy.ts";
import { listRequested, type RequestedValue } from "../../policy/requested.ts";
import { actionWords, matchWords } from "../../policy/words.ts";
import type { Batch } from "../../program/handler.ts";
import { handlerOf, type Place, type Program } from "../../program/program.ts";
import { withPending } from "../../attachment/await-agent.ts";
import { decide } from "../../attachment/decide.ts";
import { learn } from "../../attachment/learn.ts";
import { planFor } from "../../attachment/plan.ts";
import type { Options } from "./options.ts";
import { withNamespace } from "./namespace.ts";
import { uplinkPrograms } from "./uplink-programs.ts";
import { assumptions, notHandedOn } from "./warnings.ts";

export type Explanation = {
  readonly pod: { readonly namespace: string | null; readonly name: string | null };
  /** null: not known. */
  readonly labels: Readonly<Record<string, string>> | null;
  readonly labelsFrom: LabelSource;
  /** What ADD would start the pod without, because the node's agent says nothing of it; null where it has all. */
  readonly pending: string | null;
  readonly network: string;
  readonly interface: string;
  /** Under this name in --json since 0.1.0. */
  readonly wishes: readonly RequestedValue[];
  readonly rules: readonly RuleWords[];
  /** Manifests of the namespace that do not speak of this interface. */
  readonly passedOver: readonly string[];
  readonly packet: (Packet & { readonly rule: number | null }) | null;
  readonly programs: readonly Step[];
  /** The pod's, as the programs of an uplink have them; none without an uplink. */
  readonly addresses: readonly string[];
  /** Why there are none, where planning is refused. */
  readonly refusal: { readonly code: number; readonly msg: string } | null;
  readonly warnings: readonly string[];
  /** Those of the warnings that ADD would write to the log. */
  readonly logged: readonly string[];
};

type RuleWords = { readonly source: string; readonly matches: string; readonly does: string };
type Step = { readonly place: Place; readonly command: readonly string[]; readonly input: string };

export async function explainFor(options: Options): Promise<Explanation> {
  const { document } = options;
  const version = document["cniVersion"];
  assertVersionAllows("ADD", typeof version === "string" ? version : undefined);
  const said = withAddresses(parseRequest(callOf(options), document));
  const learnt = learn(said);
  const knowledge = withNamespace(learnt.knowledge, options.ofNamespace);
  const decision = await decide(said, "forget", knowledge, { link: assumedUplink(said, options) });
  const policy = withPending(decision, said, learnt);
  const { namespaceAnnotations } = decision;
  const merged = mergeKnowledge(said, knowledge).request;
  const request = { ...merged, pod: { ...merged.pod, namespaceAnnotations } };
  const { pod, call, conf } = request;
  return {
    pod: { namespace: pod.namespace ?? null, name: pod.name ?? null },
    labels: pod.labels ?? null,
    labelsFrom: policy.labelsFrom,
    pending: policy.pending ?? null,
    network: conf.network,
    interface: call.ifname,
    wishes: listRequested(request, policy),
    rules: policy.rules.map((rule) => ({
      source: rule.source,
      matches: matchWords(rule),
      does: actionWords(rule),
    })),
    passedOver: policy.passedOver,
    packet: options.packet === undefined ? null : decided(policy, options.packet),
    ...planned(request, policy, assumedFacts(options)),
    addresses: policy.uplink === undefined ? [] : request.addresses,
    warnings: [
      ...notHandedOn(options),
      ...policy.warnings,
      ...adviceOn(policy.rules),
      ...assumptions(request, policy, options),
    ],
    logged: policy.warnings,
  };
}

/** On whatever machine this is asked: the link is taken as fast as any conf wants it, and is not looked at. */
function assumedUplink({ conf: { uplink } }: Request, { mtu }: Options): NodeUplink | undefined {
  return uplink && { device: uplink.device, speed: 1e15, mtu };
}

/** Only the primary plugin knows the pod's: where its result is not given, these of the documentation ranges stand for them. */
function withAddresses(request: Request): Request {
  const isKnown = request.addresses.length > 0 || request.interfaces.length > 0;
  return isKnown ? request : { ...request, addresses: ["192.0.2.1", "2001:db8::1"] };
}

function callOf({ ifname, args }: Options): Parameters<typeof parseRequest>[0] {
  return { verb: "ADD", containerId: "explained", netns: "", ifname, args };
}

function decided(policy: Policy, packet: Packet): Explanation["packet"] {
  return { ...packet, rule: ruleFor(policy.rules, packet) ?? null };
}

function planned(request: Request, policy: Policy, facts: Facts): Pick<Explanation, "programs" | "refusal"> {
  try {
    const ofPod = planFor(request, policy, facts).programs.map(batchOf);
    const { uplink } = policy;
    const ofUplink = uplink === undefined ? [] : uplinkPrograms(uplink, facts.features, request.addresses);
    return { programs: [...ofPod, ...ofUplink.map(onNode)], refusal: null };
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    return { programs: [], refusal: { code: error.code, msg: error.message } };
  }
}

function batchOf(program: Program): Step {
  const { argv, input } = handlerOf(program).add(program.objects);
  return { place: program.place, command: argv, input };
}

function onNode({ argv, input }: Batch): Step {
  return { place: "node", command: argv, input };
}

const features: Readonly<Record<Options["kernel"], Features>> = {
  stock: { police: true, fqCodel: true, matcher: "matchall" },
  small: { police: false, fqCodel: false, matcher: "u32" },
};

function assumedFacts({ link, mtu, kernel }: Options): Facts {
  const isVeth = link === "veth";
  return {
    podLink: { kind: link, mode: link === "ipvlan" ? "l2" : "", mtu },
    hostEnd: isVeth ? { name: "veth-on-node", ifindex: 1, mtu } : undefined,
    hostEndRefusal: isVeth ? "" : `the pod's interface is a ${link}, which has no end on the node`,
    ipv6: true,
    features: features[kernel],
  };
}
