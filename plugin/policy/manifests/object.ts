/** A Kubernetes object of a manifest: its kind, its name, and the lists that hold such objects. Pure. */
import { CniError, invalidValue, withContext } from "../../errors.ts";
import {
  anObject,
  aString,
  isObject,
  isPresent,
  optional,
  refuseUnknownKeys,
  type JsonObject,
} from "../../cni/fields.ts";
import type { Labels } from "../../cni/request.ts";
import { isDnsLabel, isSubdomain, parseLabels } from "../labels.ts";

/** The kinds a policy directory may hold, each in the one version that we read. */
export const apiVersions = {
  EgressQoS: "k8s.ovn.org/v1",
  NetworkQoS: "k8s.ovn.org/v1alpha1",
  NetworkAttachmentDefinition: "k8s.cni.cncf.io/v1",
  Namespace: "v1",
} as const;
export type Kind = keyof typeof apiVersions;

export type Meta = {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly file: string;
  /** `NetworkQoS prod/video` */
  readonly shortTitle: string;
  /** `NetworkQoS prod/video (video.yaml)` */
  readonly title: string;
};

/** The objects of a document: itself, or the items of a list, whose kind may stand on the list alone. */
export function objectsOf(document: unknown): readonly JsonObject[] {
  if (document === null || document === undefined) return [];
  const object = anObject("a document", document);
  const kind = object["kind"];
  if (typeof kind !== "string" || !kind.endsWith("List")) return [object];
  const items = object["items"];
  if (!Array.isArray(items)) throw invalidValue(`${kind} items`, items ?? null, "a list");
  const inherited =
    kind === "List" ? {} : { apiVersion: object["apiVersion"], kind: kind.slice(0, -"List".length) };
  return items.flatMap((item: unknown, at) =>
    objectsOf({ ...inherited, ...anObject(`${kind} items[${at}]`, item) }),
  );
}

/** Throws for what is no object of ours, since a typo in `kind` must not become an unlimited pod. */
export function metaOf(object: JsonObject, file: string): Meta {
  const { apiVersion, kind: said } = object;
  const kind = kinds.find((known) => known === said);
  if (kind === undefined) throw invalidValue("kind", said ?? null, `one of ${kinds.join(", ")}`);
  if (apiVersion !== apiVersions[kind]) {
    throw invalidValue(`apiVersion of ${kind}`, apiVersion ?? null, apiVersions[kind]);
  }
  refuseUnknownKeys(object, "", ["apiVersion", "kind", "metadata", "spec", "status"]);
  const metadata = anObject("metadata", object["metadata"] ?? null);
  const name = aString("metadata.name", metadata["name"] ?? null);
  if (!isSubdomain(name)) {
    throw invalidValue("metadata.name", name, 'small letters, digits, "-" and ".", at most 253');
  }
  // What kubectl does with a manifest that names none, or an empty one.
  const named = optional(metadata, "metadata.", "namespace", aNamespace) ?? "";
  const namespace = named === "" ? "default" : named;
  const shortTitle = kind === "Namespace" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
  return {
    kind,
    namespace: kind === "Namespace" ? name : namespace,
    name,
    labels: parseLabels("metadata.labels", metadata["labels"]),
    file,
    shortTitle,
    title: `${shortTitle} (${file})`,
  };
}

/** Whose pods an object is about whatever else is wrong with it; undefined where that may be any pod. */
export function namespaceOfPolicy({ kind, metadata }: JsonObject): string | undefined {
  if ((kind !== "EgressQoS" && kind !== "NetworkQoS") || !isObject(metadata)) return undefined;
  const namespace = isPresent(metadata, "namespace") ? metadata["namespace"] : "";
  if (namespace === "") return "default";
  return typeof namespace === "string" && isDnsLabel(namespace) ? namespace : undefined;
}

/** What can be said of an object whose metadata may be wrong, for an error. */
export function roughTitle(object: JsonObject): string {
  const metadata = isObject(object["metadata"]) ? object["metadata"] : {};
  const words = [object["kind"], metadata["name"]].filter((word) => typeof word === "string");
  return words.length === 0 ? "an object" : words.join(" ");
}

/** The error with what it is about before it; a bug of ours stays what it is. */
export function about(context: string, error: unknown): CniError {
  if (!(error instanceof CniError)) throw error;
  return withContext(error, context);
}

const kinds = Object.keys(apiVersions) as readonly Kind[];

function aNamespace(field: string, value: unknown): string {
  if (typeof value === "string" && (value === "" || isDnsLabel(value))) return value;
  throw invalidValue(field, value, 'small letters, digits and "-", at most 63');
}
