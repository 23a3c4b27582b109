/** A Kubernetes object of a manifest: its kind, its name, and the lists that hold such objects. Pure. */
import * as z from "zod/mini";
import { CniError, ErrorCode, withContext } from "../../errors.ts";
import { isObject, isPresent, type JsonObject } from "../../cni/fields.ts";
import type { Labels } from "../../cni/request.ts";
import { isDnsLabel, isSubdomain } from "../label/labels.ts";
import { labels } from "../label/read-selector.ts";
import { read } from "../text/read.ts";
import { anyObject, by, once } from "../text/schema.ts";

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

export type Found = { readonly meta: Meta; readonly object: JsonObject };

/** Of an object that is wrong; `namespace`: the one that it is in, or that it is. */
export type Fault = { readonly kind: Kind; readonly namespace: string; readonly fault: string };

/** The objects of a document: itself, or the items of a list, whose kind may stand on the list alone. */
export function objectsOf(document: unknown): readonly JsonObject[] {
  if (document === null || document === undefined) return [];
  const object = read("a document", document, anyObject);
  const kind = object["kind"];
  if (typeof kind !== "string" || !kind.endsWith("List")) return [object];
  const items = read(`${kind} items`, object["items"], z.array(anyObject));
  const inherited =
    kind === "List" ? {} : { apiVersion: object["apiVersion"], kind: kind.slice(0, -"List".length) };
  return items.flatMap((item) => objectsOf({ ...inherited, ...item }));
}

/** Throws for what is no object of ours, since a typo in `kind` must not become an unlimited pod. */
export function metaOf(object: JsonObject, file: string): Meta {
  const kind = read("kind", object["kind"], z.enum(kinds));
  read(`apiVersion of ${kind}`, object["apiVersion"], z.literal(apiVersions[kind], apiVersions[kind]));
  const { metadata } = read("", object, anObjectOfOurs());
  const { name } = metadata;
  // What kubectl does with a manifest that names none, or an empty one.
  const namespace = metadata.namespace || "default";
  const shortTitle = kind === "Namespace" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
  return {
    kind,
    namespace: kind === "Namespace" ? name : namespace,
    name,
    labels: metadata.labels ?? {},
    file,
    shortTitle,
    title: `${shortTitle} (${file})`,
  };
}

/** What an object is and where, whatever else is wrong with it; undefined where it may be about any pod. */
export function placeOf({ kind: said, metadata }: JsonObject): Pick<Fault, "kind" | "namespace"> | undefined {
  const kind = kinds.find((known) => known === said);
  if (kind === undefined || !isObject(metadata)) return undefined;
  const key = kind === "Namespace" ? "name" : "namespace";
  const namespace = isPresent(metadata, key) ? metadata[key] : "";
  if (namespace === "" && kind !== "Namespace") return { kind, namespace: "default" };
  return typeof namespace === "string" && isDnsLabel(namespace) ? { kind, namespace } : undefined;
}

/** The API has one object of a name; of two in a directory nobody could say which one counts. */
export function refuseTwin(meta: Meta, seen: Map<string, Meta>): void {
  const other = seen.get(meta.shortTitle);
  seen.set(meta.shortTitle, meta);
  if (other === undefined) return;
  const where = other.file === meta.file ? "it twice" : `${other.file} as well`;
  throw new CniError(
    ErrorCode.invalidConfig,
    `${meta.file}: ${meta.shortTitle} is in ${where}: delete one of the two`,
  );
}

/** Read, with what it is about before what is wrong with it. */
export function inContext<Parsed>(
  { meta, object }: Found,
  parse: (object: JsonObject, meta: Meta) => Parsed,
): Parsed {
  try {
    return parse(object, meta);
  } catch (error) {
    throw about(`${meta.file}: ${meta.shortTitle}`, error);
  }
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

const anObjectOfOurs = once(() => {
  const anything = z.optional(z.unknown());
  const metadata = z.looseObject({
    name: by(aName),
    namespace: z.nullish(by(aNamespace)),
    labels: z.nullish(labels()),
  });
  return z.strictObject({
    apiVersion: anything,
    kind: anything,
    metadata,
    spec: anything,
    status: anything,
  });
});

type Answer = { readonly read: string } | { readonly allowed: string };

function aName(value: unknown): Answer {
  if (typeof value !== "string" || value === "") return { allowed: "a string that is not empty" };
  return isSubdomain(value)
    ? { read: value }
    : { allowed: 'small letters, digits, "-" and ".", at most 253' };
}

function aNamespace(value: unknown): Answer {
  return typeof value === "string" && (value === "" || isDnsLabel(value))
    ? { read: value }
    : { allowed: 'small letters, digits and "-", at most 63' };
}
