/**
 * Objects that go with their namespace. With a namespace its objects and its pods are deleted, and until Kubernetes 1.33 in any
 * order: in the time that it has left a pod is not to be without what they gave it. Pure.
 */
import { isObject, type JsonObject } from "../cni/fields.ts";
import type { KnownPod } from "../knowledge/pod.ts";
import type { KnownObject } from "../knowledge/snapshot.ts";

/** Namespaces that lose objects with this list of a kind. */
export function namespacesThatLose(
  kind: KnownObject["kind"],
  known: readonly KnownObject[],
  items: readonly JsonObject[],
): readonly string[] {
  const lost = goneOf(kind, known, items).filter(({ keptFor }) => keptFor === undefined);
  return [...new Set(lost.map(({ namespace }) => namespace))];
}

/** Those that are gone and count still. */
export function keptOf(
  kind: KnownObject["kind"],
  known: readonly KnownObject[],
  items: readonly JsonObject[],
  pods: Iterable<KnownPod>,
  leaving: readonly string[],
): readonly KnownObject[] {
  const all = [...pods];
  const kept = goneOf(kind, known, items).map((object) =>
    object.keptFor === undefined && leaving.includes(object.namespace)
      ? { ...object, keptFor: all.filter(({ namespace }) => namespace === object.namespace).map(uidOf) }
      : object,
  );
  return stillKept(
    kept.filter(({ keptFor }) => keptFor !== undefined),
    all,
  );
}

/** Without those whose pods are gone as well; the same value where that is all. */
export function stillKept(objects: readonly KnownObject[], pods: Iterable<KnownPod>): readonly KnownObject[] {
  if (objects.every(({ keptFor }) => keptFor === undefined)) return objects;
  const uids = new Set(Array.from(pods, uidOf));
  const still = objects.filter(({ keptFor }) => keptFor?.some((uid) => uids.has(uid)) ?? true);
  return still.length === objects.length ? objects : still;
}

function goneOf(
  kind: KnownObject["kind"],
  known: readonly KnownObject[],
  items: readonly JsonObject[],
): readonly KnownObject[] {
  const names = new Set(items.map(nameOf));
  return known.filter((each) => each.kind === kind && !names.has(`${each.namespace}/${each.name}`));
}

function nameOf({ metadata }: JsonObject): string {
  return isObject(metadata) ? `${String(metadata["namespace"])}/${String(metadata["name"])}` : "";
}

function uidOf({ uid }: KnownPod): string {
  return uid;
}
