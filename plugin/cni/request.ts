/** Everything one invocation was told, as one value: the environment, the conf, what the runtime adds, prevResult. Pure. */
import { CniError, ErrorCode, invalidValue } from "../errors.ts";
import { identifierFault, type Call } from "./call.ts";
import { annotationsCapability, bandwidthCapability } from "./capabilities.ts";
import { parseConf, type Conf } from "./conf.ts";
import { isObject, type JsonObject } from "./fields.ts";
import { rawMember, withMember } from "./raw.ts";

export type Annotations = Readonly<Record<string, string>>;

export type RuntimeCap = { readonly rate: unknown; readonly burst: unknown };

/** A pod's labels; a runtime that gives none leaves them unknown, which is not the same as having none. */
export type Labels = Readonly<Record<string, string>>;

/** Who the attachment is for, as far as the runtime said. */
export type Pod = {
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly labels: Labels | undefined;
};

export type Interface = { readonly name: string; readonly sandbox: string };

export type Request = {
  readonly call: Call;
  readonly conf: Conf;
  readonly runtime: {
    readonly ingress: RuntimeCap;
    readonly egress: RuntimeCap;
    readonly annotations: Annotations;
  };
  readonly pod: Pod;
  readonly interfaces: readonly Interface[];
  /** The attachment's own, without prefix lengths. */
  readonly addresses: readonly string[];
};

export function parseRequest(call: Call, document: JsonObject): Request {
  const runtimeConfig = objectOrEmpty("runtimeConfig", document["runtimeConfig"]);
  const bandwidth = objectOrEmpty("runtimeConfig.bandwidth", runtimeConfig[bandwidthCapability]);
  return {
    call,
    conf: parseConf(document, networkName(document)),
    runtime: {
      ingress: runtimeCap(bandwidth, "ingress"),
      egress: runtimeCap(bandwidth, "egress"),
      annotations: annotationsOf(runtimeConfig[annotationsCapability]),
    },
    pod: podOf(call, document["args"]),
    interfaces: interfacesOf(document["prevResult"]),
    addresses: addressesOf(document["prevResult"], call.ifname),
  };
}

export function networkName(document: JsonObject): string {
  const name = document["name"];
  if (typeof name !== "string" || name === "") throw invalidValue("name", name ?? null, "the network's name");
  const fault = identifierFault(name);
  if (fault !== undefined) throw new CniError(ErrorCode.invalidConfig, `name ${fault}`);
  return name;
}

/** What ADD prints: prevResult as it came, said to be in the version of the conf. */
export function resultFrom(input: string, version: string): string {
  const previous = rawMember(input, "prevResult");
  if (previous === undefined || !previous.startsWith("{")) {
    throw new CniError(
      ErrorCode.invalidConfig,
      "prevResult is missing: pod-qos must stand behind the plugin that makes the interface, in a conflist",
    );
  }
  const said = rawMember(previous, "cniVersion");
  return said === JSON.stringify(version) ? previous : withMember(previous, "cniVersion", version);
}

/** "prod/web-1" where the runtime said so, else the container: what errors and logs call the pod. */
export function podName(call: Call): string {
  const name = call.args["K8S_POD_NAME"];
  const namespace = call.args["K8S_POD_NAMESPACE"];
  return name === undefined || namespace === undefined
    ? `container ${call.containerId}`
    : `pod ${namespace}/${name}`;
}

/** containerd writes these keys with a capital, CRI-O without: trap 1 of the peers' facts. */
function runtimeCap(bandwidth: JsonObject, direction: "ingress" | "egress"): RuntimeCap {
  const entries = Object.entries(bandwidth).map(([key, value]) => [key.toLowerCase(), value] as const);
  const lowered: JsonObject = Object.fromEntries(entries);
  return { rate: lowered[`${direction}rate`], burst: lowered[`${direction}burst`] };
}

function annotationsOf(value: unknown): Annotations {
  const field = `runtimeConfig["${annotationsCapability}"]`;
  const annotations = objectOrEmpty(field, value);
  for (const [key, text] of Object.entries(annotations)) {
    if (typeof text !== "string") throw invalidValue(`${field}["${key}"]`, text, "a string");
  }
  return annotations as Annotations;
}

function podOf({ args }: Call, confArgs: unknown): Pod {
  const cniArgs = objectOrEmpty("args.cni", objectOrEmpty("args", confArgs)["cni"]);
  return {
    namespace: args["K8S_POD_NAMESPACE"],
    name: args["K8S_POD_NAME"],
    labels: labelsOf("args.cni.labels", cniArgs["labels"]),
  };
}

/** CNI's convention is a list of key and value; a plain object is what people write by hand. */
function labelsOf(field: string, value: unknown): Labels | undefined {
  if (value === undefined || value === null) return undefined;
  const pairs = Array.isArray(value)
    ? value.map((entry: unknown, at) => labelOf(`${field}[${at}]`, entry))
    : Object.entries(objectOrEmpty(field, value));
  for (const [key, text] of pairs) {
    if (typeof text !== "string") throw invalidValue(`${field}["${key}"]`, text, "a string");
  }
  return Object.fromEntries(pairs) as Labels;
}

function labelOf(field: string, entry: unknown): readonly [string, unknown] {
  if (isObject(entry) && typeof entry["key"] === "string") return [entry["key"], entry["value"] ?? ""];
  throw invalidValue(field, entry, 'an object such as {"key": "app", "value": "web"}');
}

function interfacesOf(prevResult: unknown): readonly Interface[] {
  const interfaces = isObject(prevResult) ? prevResult["interfaces"] : undefined;
  if (!Array.isArray(interfaces)) return [];
  return interfaces
    .filter(isObject)
    .flatMap(({ name, sandbox }) =>
      typeof name === "string" ? [{ name, sandbox: typeof sandbox === "string" ? sandbox : "" }] : [],
    );
}

/** Those of the pod's interface, and those of which prevResult does not say whose they are. */
function addressesOf(prevResult: unknown, ifname: string): readonly string[] {
  const { ips, interfaces } = isObject(prevResult) ? prevResult : {};
  if (!Array.isArray(ips)) return [];
  const known: readonly unknown[] = Array.isArray(interfaces) ? interfaces : [];
  return ips.filter(isObject).flatMap(({ address, interface: at }) => {
    const owner = typeof at === "number" ? known[at] : undefined;
    const isOurs =
      !isObject(owner) ||
      (owner["name"] === ifname && typeof owner["sandbox"] === "string" && owner["sandbox"] !== "");
    return isOurs && typeof address === "string" ? [address.replace(/\/.*/, "")] : [];
  });
}

function objectOrEmpty(field: string, value: unknown): JsonObject {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw invalidValue(field, value, "an object");
  return value;
}
