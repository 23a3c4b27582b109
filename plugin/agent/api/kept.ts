/**
 * Objects and networks that go with their namespace. With a namespace all that is in it is deleted, its pods too, and until
 * Kubernetes 1.33 in any order: in the time that it has left a pod is not to be without what they gave it. Pure.
 */
import { isObject, type JsonObject } from "../../cni/fields.ts";
import type { KnownPod } from "../../knowledge/pod.ts";
import type { KnownObject } from "../../knowledge/snapshot.ts";

export type Keepable = Pick<KnownObject, "namespace" | "name" | "keptFor">;

/** Namespaces that lose some of the known with this list. */
export function namespacesThatLose(
  known: readonly Keepable[],
  items: readonly JsonObject[],
): readonly string[] {
  const lost = goneOf(known, items).filter(({ keptFor }) => keptFor === undefined);
  return [...new Set(lost.map(({ namespace }) => namespace))];
}

/** Those of the known that are gone and count still. */
export function keptOf<One extends Keepable>(
  known: readonly One[],
  items: readonly JsonObject[],
  pods: Iterable<KnownPod>,
  leaving: readonly string[],
): readonly One[] {
  const all = [...pods];
  const kept = goneOf(known, items).map((one) =>
    one.keptFor === undefined && leaving.includes(one.namespace)
      ? { ...one, keptFor: all.filter(({ namespace }) => namespace === one.namespace).map(uidOf) }
      : one,
  );
  return stillKept(
    kept.filter(({ keptFor }) => keptFor !== undefined),
    all,
  );
}

/** Without those whose pods are gone as well; the same value where that is all. */
export function stillKept<One extends Keepable>(
  known: readonly One[],
  pods: Iterable<KnownPod>,
): readonly One[] {
  if (known.every(({ keptFor }) => keptFor === undefined)) return known;
  const uids = new Set(Array.from(pods, uidOf));
  const still = known.filter(({ keptFor }) => keptFor?.some((uid) => uids.has(uid)) ?? true);
  return still.length === known.length ? known : still;
}

function goneOf<One extends Keepable>(known: readonly One[], items: readonly JsonObject[]): readonly One[] {
  const names = new Set(items.map(nameOf));
  return known.filter((each) => !names.has(`${each.namespace}/${each.name}`));
}

function nameOf({ metadata }: JsonObject): string {
  return isObject(metadata) ? `${String(metadata["namespace"])}/${String(metadata["name"])}` : "";
}

function uidOf({ uid }: KnownPod): string {
  return uid;
}
