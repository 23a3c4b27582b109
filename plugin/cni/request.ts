/** Everything one invocation was told, as one value: the environment, the conf, what the runtime adds, prevResult. Pure. */
import { CniError, ErrorCode, invalidValue } from "../errors.ts";
import { identifierFault, type Call } from "./call.ts";
import { unheard } from "./capabilities.ts";
import { parseConf, type Conf } from "./conf.ts";
import { anObject, isObject, isPresent, optional, refuseUnknownKeys, type JsonObject } from "./fields.ts";
import { annotationsCapability, bandwidthCapability, capabilityKeys } from "./keys.ts";
import { addressesOf, interfacesOf, type Interface } from "./prev-result.ts";
import { refuseSecondSpellings, sameKey } from "./spelling.ts";

export type Annotations = Readonly<Record<string, string>>;

export type RuntimeCap = { readonly rate: unknown; readonly burst: unknown };

/** A pod's labels; a runtime that gives none leaves them unknown, which is not the same as having none. */
export type Labels = Readonly<Record<string, string>>;

/** Who the attachment is for, as far as the runtime said. */
export type Pod = {
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly labels: Labels | undefined;
  /** Of ours, those of its Namespace; undefined where nobody said any. No runtime does. */
  readonly namespaceAnnotations?: Annotations | undefined;
};

export type Request = {
  readonly call: Call;
  readonly conf: Conf;
  /** The conf as it was written, without what belongs to this one call. */
  readonly entry: JsonObject;
  readonly runtime: {
    readonly ingress: RuntimeCap;
    readonly egress: RuntimeCap;
    readonly annotations: Annotations;
    /** A pod without any is not the same as a runtime that hands none on. */
    readonly gaveAnnotations: boolean;
  };
  readonly pod: Pod;
  readonly interfaces: readonly Interface[];
  /** The attachment's own, without prefix lengths. */
  readonly addresses: readonly string[];
  /** Why no pod of this network will ever have a limit, in words; undefined where one may. */
  readonly unheard: string | undefined;
};

/** `document`: in our spelling. */
export function parseRequest(call: Call, document: JsonObject): Request {
  refuseSecondSpellings(document);
  const runtimeConfig = optional(document, "", "runtimeConfig", anObject) ?? {};
  refuseUnknownKeys(runtimeConfig, "runtimeConfig.", capabilityKeys);
  const bandwidth = optional(runtimeConfig, "runtimeConfig.", bandwidthCapability, anObject) ?? {};
  refuseUnknownBandwidth(bandwidth);
  return {
    call,
    conf: parseConf(document, networkName(document)),
    entry: entryOf(document),
    runtime: {
      ingress: runtimeCap(bandwidth, "ingress"),
      egress: runtimeCap(bandwidth, "egress"),
      annotations: annotationsOf(runtimeConfig[annotationsCapability]),
      gaveAnnotations: isPresent(runtimeConfig, annotationsCapability),
    },
    pod: podOf(call, document),
    interfaces: interfacesOf(document["prevResult"]),
    addresses: addressesOf(document["prevResult"], call.ifname),
    unheard: unheard(document),
  };
}

export function networkName(document: JsonObject): string {
  const name = document["name"];
  if (typeof name !== "string" || name === "") throw invalidValue("name", name ?? null, "the network's name");
  const fault = identifierFault(name);
  if (fault !== undefined) throw new CniError(ErrorCode.invalidConfig, `name ${fault}`);
  return name;
}

/** "prod/web-1" where the runtime said so, else the container: what errors and logs call the pod. */
export function podName(call: Call): string {
  const { K8S_POD_NAME: name = "", K8S_POD_NAMESPACE: namespace = "" } = call.args;
  return name === "" || namespace === "" ? `container ${call.containerId}` : `pod ${namespace}/${name}`;
}

/** Whatever case the runtime wrote its keys in. */
function entryOf(document: JsonObject): JsonObject {
  const ofTheCall = /^(?:prevResult|runtimeConfig|cni\.dev\/.*)$/i;
  return Object.fromEntries(Object.entries(document).filter(([key]) => !ofTheCall.test(key)));
}

const bandwidthKeys = ["ingressRate", "ingressBurst", "egressRate", "egressBurst"];

/** A typo must not become an unlimited pod, whoever made it. */
function refuseUnknownBandwidth(bandwidth: JsonObject): void {
  const given = Object.keys(bandwidth).map((key) => bandwidthKeys.find((known) => sameKey(known, key)));
  if (given.every((key, at) => key !== undefined && given.indexOf(key) === at)) return;
  throw invalidValue(
    `runtimeConfig.${bandwidthCapability}`,
    bandwidth,
    `the keys are ${bandwidthKeys.join(", ")}, each once`,
  );
}

/** containerd writes these keys with a capital, CRI-O without: trap 1 of the peers' facts. */
function runtimeCap(bandwidth: JsonObject, direction: "ingress" | "egress"): RuntimeCap {
  const given = (wanted: string): unknown =>
    Object.entries(bandwidth).find(([key]) => sameKey(key, wanted))?.[1];
  return { rate: given(`${direction}Rate`), burst: given(`${direction}Burst`) };
}

function annotationsOf(value: unknown): Annotations {
  if (value === undefined || value === null) return {};
  const field = `runtimeConfig["${annotationsCapability}"]`;
  const annotations = anObject(field, value);
  for (const [key, text] of Object.entries(annotations)) {
    if (typeof text !== "string") throw invalidValue(`${field}["${key}"]`, text, "a string");
  }
  return annotations as Annotations;
}

function podOf({ args }: Call, document: JsonObject): Pod {
  const confArgs = optional(document, "", "args", anObject) ?? {};
  const cniArgs = optional(confArgs, "args.", "cni", anObject) ?? {};
  return {
    // Empty is not known: no pod is in a namespace without a name.
    namespace: args["K8S_POD_NAMESPACE"] || undefined,
    name: args["K8S_POD_NAME"] || undefined,
    labels: optional(cniArgs, "args.cni.", "labels", someLabels),
  };
}

/** CNI's convention is a list of key and value; a plain object is what people write by hand. */
function someLabels(field: string, value: unknown): Labels {
  const pairs = Array.isArray(value)
    ? value.map((entry: unknown, at) => labelOf(`${field}[${at}]`, entry))
    : Object.entries(anObject(field, value));
  for (const [key, text] of pairs) {
    if (typeof text !== "string") throw invalidValue(`${field}["${key}"]`, text, "a string");
  }
  return Object.fromEntries(pairs) as Labels;
}

function labelOf(field: string, entry: unknown): readonly [string, unknown] {
  if (isObject(entry) && typeof entry["key"] === "string") return [entry["key"], entry["value"] ?? ""];
  throw invalidValue(field, entry, 'an object such as {"key": "app", "value": "web"}');
}
