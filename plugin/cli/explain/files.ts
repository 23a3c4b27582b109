/** The files that the flags of explain name: a conf, a Pod, its Namespace, maps of annotations or labels; JSON or YAML. */
import { readFileSync } from "node:fs";
import { isObject, type JsonObject } from "../../cni/fields.ts";
import { annotationsCapability, bandwidthCapability } from "../../cni/keys.ts";
import { inOurSpelling } from "../../cni/spelling.ts";
import { messageOf, UsageError } from "../../errors.ts";
import { decodeNamespace } from "../../knowledge/decode.ts";
import type { KnownNamespace } from "../../knowledge/snapshot.ts";
import { parseStructured } from "../../policy/text/structured-text.ts";

/** A conflist, of which our entry counts, or that entry alone. */
export async function confFrom(path: string | undefined): Promise<JsonObject> {
  const bare = { cniVersion: "1.0.0", name: "podnet", type: "pod-qos" };
  // With none given, the entry that the README has for every network.
  if (path === undefined)
    return { ...bare, capabilities: { [bandwidthCapability]: true, [annotationsCapability]: true } };
  const conf = await objectIn("--conf", path);
  if (!Array.isArray(conf["plugins"])) return { ...bare, ...inOurSpelling(conf) };
  const ours = conf["plugins"].filter(isObject).filter((entry) => inOurSpelling(entry)["type"] === "pod-qos");
  const [entry] = ours;
  if (entry === undefined || ours.length > 1) {
    throw new UsageError(`--conf ${path} has ${ours.length} entries of type "pod-qos": one is needed`);
  }
  // A runtime hands on the conflist's, and nothing where it has none.
  const { cniVersion = null, name = bare.name } = conf;
  return { ...entry, cniVersion, name };
}

type PodFile = {
  readonly annotations: JsonObject | undefined;
  readonly labels: JsonObject | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
};

/** A Pod as kubectl prints it. */
export async function podFrom(path: string | undefined): Promise<PodFile> {
  if (path === undefined)
    return { annotations: undefined, labels: undefined, namespace: undefined, name: undefined };
  const { kind, metadata } = await objectIn("--pod", path);
  if (kind !== undefined && kind !== "Pod") {
    throw new UsageError(
      `--pod ${path} is a ${String(kind)}, not a Pod: give what "kubectl get pod NAME -o yaml" prints`,
    );
  }
  if (!isObject(metadata)) throw new UsageError(`--pod ${path} has no metadata: is it a Pod?`);
  const { annotations, labels, namespace, name } = metadata;
  return {
    annotations: isObject(annotations) ? annotations : undefined,
    // A Pod without labels has none; with no Pod they are not known.
    labels: isObject(labels) ? labels : {},
    namespace: typeof namespace === "string" ? namespace : "default",
    name: typeof name === "string" ? name : undefined,
  };
}

export type NamespaceFile = KnownNamespace & { readonly name: string };

/** A Namespace as kubectl prints it. */
export async function namespaceFrom(path: string | undefined): Promise<NamespaceFile | undefined> {
  if (path === undefined) return undefined;
  const { kind, metadata } = await objectIn("--namespace-file", path);
  if (kind !== "Namespace" || !isObject(metadata) || typeof metadata["name"] !== "string") {
    throw new UsageError(
      `--namespace-file ${path} is no Namespace: give what "kubectl get namespace NAME -o yaml" prints`,
    );
  }
  const decoded = decodeNamespace({ metadata: { uid: "", ...metadata } });
  if (decoded === undefined) {
    throw new UsageError(`--namespace-file ${path}: its labels and annotations must be strings`);
  }
  return decoded;
}

/** `key=value`, or a file with an object of them; later ones win. */
export async function mapFrom(
  flag: string,
  given: readonly string[] | undefined,
  before: JsonObject | undefined,
): Promise<JsonObject | undefined> {
  if (given === undefined) return before;
  let all: JsonObject = before ?? {};
  for (const text of given) {
    const at = text.indexOf("=");
    all = { ...all, ...(at > 0 ? { [text.slice(0, at)]: text.slice(at + 1) } : await objectIn(flag, text)) };
  }
  return all;
}

async function objectIn(flag: string, path: string): Promise<JsonObject> {
  const value = await parseStructured(`${flag} ${path}`, readText(flag, path)).catch((error: unknown) => {
    throw new UsageError(messageOf(error));
  });
  if (!isObject(value)) throw new UsageError(`${flag} ${path}: there is no object in it`);
  return value;
}

function readText(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${flag}: ${messageOf(error)}`);
  }
}
