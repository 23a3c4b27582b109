/** What ADD would decide and program for an attachment, and why, as one value. Touches no kernel and writes nothing. */
import { parseRequest, type Request } from "../../cni/request.ts";
import type { Facts, Features } from "../../datapath/driver.ts";
import { plan } from "../../datapath/plan.ts";
import { CniError } from "../../errors.ts";
import { adviceOn } from "../../policy/advice.ts";
import { decide, type Packet } from "../../policy/model.ts";
import { decidePolicy, hasWishes, type Policy } from "../../policy/policy.ts";
import type { ChooseClass } from "../../policy/uplink/choose.ts";
import { listWishes, type Wish } from "../../policy/wishes.ts";
import { actionWords, matchWords } from "../../policy/words.ts";
import type { Batch } from "../../program/handler.ts";
import { handlerOf, type Place, type Program } from "../../program/program.ts";
import { identityOf } from "../../attachment/plan.ts";
import { ruleSourcesFor } from "../../attachment/decide.ts";
import type { Options } from "./options.ts";
import { uplinkPrograms } from "./uplink-programs.ts";
import { assumptions, notHandedOn } from "./warnings.ts";

export type Explanation = {
  readonly pod: { readonly namespace: string | null; readonly name: string | null };
  /** null: not known. */
  readonly labels: Readonly<Record<string, string>> | null;
  readonly network: string;
  readonly interface: string;
  readonly wishes: readonly Wish[];
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
};

type RuleWords = { readonly source: string; readonly matches: string; readonly does: string };
type Step = { readonly place: Place; readonly command: readonly string[]; readonly input: string };

export async function explainFor(options: Options): Promise<Explanation> {
  const request = withAddresses(parseRequest(callOf(options), options.document));
  const sources = await ruleSourcesFor(request, "forget");
  const policy = decidePolicy(request, sources, await chooserFor(request, options));
  const planned = planFor(policy, request, factsOf(options));
  const { pod, call, conf } = request;
  return {
    pod: { namespace: pod.namespace ?? null, name: pod.name ?? null },
    labels: pod.labels ?? null,
    network: conf.network,
    interface: call.ifname,
    wishes: listWishes(request, policy),
    rules: policy.rules.map((rule) => ({
      source: rule.source,
      matches: matchWords(rule),
      does: actionWords(rule),
    })),
    passedOver: sources.passedOver,
    packet: options.packet === undefined ? null : decided(policy, options.packet),
    ...planned,
    addresses: policy.uplink === undefined ? [] : request.addresses,
    warnings: [
      ...notHandedOn(options),
      ...policy.warnings,
      ...adviceOn(policy.rules),
      ...assumptions(request, policy, options),
    ],
  };
}

/** On whatever machine this is asked: the link is taken as fast as any conf wants it, and is not looked at. */
async function chooserFor(request: Request, { mtu }: Options): Promise<ChooseClass | undefined> {
  const { uplink } = request.conf;
  if (uplink === undefined) return undefined;
  const { classChooser } = await import("../../attachment/uplink/choose.ts");
  return classChooser(uplink, request, { device: uplink.device, speed: 1e15, mtu });
}

/** Only the primary plugin knows the pod's: these stand for them, and are of the documentation ranges. */
function withAddresses(request: Request): Request {
  return request.addresses.length > 0 ? request : { ...request, addresses: ["192.0.2.1", "2001:db8::1"] };
}

function callOf({ ifname, args }: Options): Parameters<typeof parseRequest>[0] {
  return { verb: "ADD", containerId: "explained", netns: "", ifname, args };
}

function decided(policy: Policy, packet: Packet): Explanation["packet"] {
  return { ...packet, rule: decide(policy.rules, packet) ?? null };
}

function planFor(policy: Policy, request: Request, facts: Facts): Pick<Explanation, "programs" | "refusal"> {
  try {
    const identity = identityOf(request);
    const ofPod = hasWishes(policy) ? plan({ identity, policy, facts }).map(batchOf) : [];
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

function factsOf({ link, mtu, kernel }: Options): Facts {
  const isVeth = link === "veth";
  return {
    podLink: { kind: link, mode: link === "ipvlan" ? "l2" : "", mtu },
    hostEnd: isVeth ? { name: "veth-on-node", ifindex: 1, mtu } : undefined,
    hostEndRefusal: isVeth ? "" : `the pod's interface is a ${link}, which has no end on the node`,
    ipv6: true,
    features: features[kernel],
  };
}
