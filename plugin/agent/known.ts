/** What the API says of this node's pods and of objects, as one value, and what is news of it. Pure. */
import type { JsonObject } from "../cni/fields.ts";
import { isListed } from "../knowledge/asks.ts";
import { compile } from "../knowledge/compile.ts";
import { decodeNamespace, decodeNetwork, decodePod } from "../knowledge/decode.ts";
import type { Knowledge, KnownObjects } from "../knowledge/knowledge.ts";
import { objectsOf } from "../knowledge/objects.ts";
import { isNamed, podId, type KnownPod } from "../knowledge/pod.ts";
import {
  type KnownNetwork,
  type KnownObject,
  type KnownResource,
  type ResourceName,
  type Snapshot,
} from "../knowledge/snapshot.ts";
import type { Told } from "./told.ts";
import type { AttachmentRecord } from "../state/record.ts";

export type Known = {
  readonly snapshot: Snapshot;
  readonly objects: KnownObjects;
  /** By what a runtime calls their UID. */
  readonly pods: ReadonlyMap<string, KnownPod>;
  /** What is wrong with NetworkAttachmentDefinitions; an object has its fault with it. */
  readonly networkFaults: readonly string[];
  readonly unwritten: Unwritten;
};

/** What ADD has not been told, for its file could not be written. */
export type Unwritten = {
  /** By what a runtime calls their UID. */
  readonly pods: readonly string[];
  readonly isSnapshot: boolean;
  /** Files of pods that are gone. */
  readonly isLeftover: boolean;
};

export const allWritten: Unwritten = { pods: [], isSnapshot: false, isLeftover: false };

export function knownOf(snapshot: Snapshot, pods: readonly KnownPod[]): Known {
  return {
    snapshot,
    objects: objectsOf(snapshot),
    pods: new Map(pods.map((pod) => [podId(pod), pod])),
    networkFaults: [],
    unwritten: allWritten,
  };
}

export function withTold(known: Known, told: Told): Known {
  const { resource, is, items } = told;
  const snapshot: Snapshot = {
    ...known.snapshot,
    resources: { ...known.snapshot.resources, [resource]: becoming(known.snapshot.resources[resource], is) },
  };
  if (items === undefined) return withSnapshot(known, snapshot);
  switch (resource) {
    case "pods":
      return { ...withSnapshot(known, snapshot), pods: podsIn(items) };
    case "egressqoses":
      return withSnapshot(known, { ...snapshot, objects: objectsWith("EgressQoS", snapshot, items) });
    case "networkqoses":
      return withSnapshot(known, { ...snapshot, objects: objectsWith("NetworkQoS", snapshot, items) });
    case "namespaces":
      return withSnapshot(known, { ...snapshot, namespaces: namespacesIn(items) });
    case "network-attachment-definitions":
      return withNetworks(known, snapshot, items);
  }
}

/** What was known stays known while it cannot be read: its version says so, and nothing older may replace it. */
function becoming(before: KnownResource, is: KnownResource): KnownResource {
  const version = is.version ?? before.version;
  const state = is.state === "unsynced" && before.state === "frozen" ? "frozen" : is.state;
  return { state, ...(version !== undefined && { version }) };
}

export type ApiNews = {
  /** By what a runtime calls their UID. */
  readonly pods: readonly string[];
  /** In which objects are others now. */
  readonly namespaces: readonly string[];
  /** Labels of namespaces or networks are others: that may be about any pod. */
  readonly surroundings: boolean;
};

export function newsOf(before: Known, now: Known): ApiNews {
  const resources = Object.entries(now.snapshot.resources).filter(
    ([name, { state }]) => before.snapshot.resources[name as ResourceName].state !== state,
  );
  return {
    pods: [...now.pods].flatMap(([id, pod]) => (saysSame(before.pods.get(id), pod) ? [] : [id])),
    namespaces: namespacesThatDiffer(before.snapshot.objects, now.snapshot.objects),
    surroundings:
      !isEqual(labelsOf(before.snapshot), labelsOf(now.snapshot)) || resources.some(([, is]) => isListed(is)),
  };
}

/** "unshown": the API has not shown the pod, and a pod that is absent loses nothing. "finished": it does not run any more. */
export function knowledgeOf(
  { pods, objects }: Known,
  { asked }: AttachmentRecord,
): Knowledge | "unshown" | "finished" {
  const uid = asked?.uid;
  if (uid === undefined) return { source: "agent", pod: undefined, objects };
  const pod = pods.get(uid);
  if (pod === undefined || !isNamed(pod, asked ?? {})) return "unshown";
  if (pod.phase === "Succeeded" || pod.phase === "Failed") return "finished";
  return { source: "agent", pod, objects };
}

export function withSnapshot(known: Known, snapshot: Snapshot): Known {
  return { ...known, snapshot, objects: objectsOf(snapshot) };
}

function podsIn(items: readonly JsonObject[]): Known["pods"] {
  return new Map(items.flatMap((item) => decodePod(item) ?? []).map((pod) => [podId(pod), pod]));
}

function objectsWith(
  kind: KnownObject["kind"],
  { objects }: Snapshot,
  items: readonly JsonObject[],
): readonly KnownObject[] {
  return [...objects.filter((object) => object.kind !== kind), ...compile(kind, objects, items)];
}

function namespacesIn(items: readonly JsonObject[]): Snapshot["namespaces"] {
  return Object.fromEntries(
    items
      .flatMap((item) => decodeNamespace(item) ?? [])
      .map(({ name, ...namespace }) => [name, namespace] as const),
  );
}

function withNetworks(known: Known, snapshot: Snapshot, items: readonly JsonObject[]): Known {
  const decoded = items.map((item) => decodeNetwork(item, networkLike(item, snapshot.networks)));
  const networks = decoded.flatMap((each) => each.known ?? []);
  const networkFaults = decoded.flatMap(({ fault }) => fault ?? []);
  return { ...withSnapshot(known, { ...snapshot, networks }), networkFaults };
}

function networkLike(item: JsonObject, all: readonly KnownNetwork[]): KnownNetwork | undefined {
  const { metadata } = item as {
    readonly metadata?: { readonly namespace?: string; readonly name?: string };
  };
  return all.find(({ namespace, name }) => namespace === metadata?.namespace && name === metadata.name);
}

/** What cannot be applied as it is, in sentences. */
export function faultsOf({ snapshot, networkFaults }: Known): readonly string[] {
  return [...snapshot.objects.flatMap(({ fault }) => fault ?? []), ...networkFaults];
}

function saysSame(before: KnownPod | undefined, now: KnownPod): boolean {
  return before !== undefined && isEqual({ ...before, resourceVersion: "" }, { ...now, resourceVersion: "" });
}

/** What was compiled before and is no other is the same value. */
function namespacesThatDiffer(
  before: readonly KnownObject[],
  now: readonly KnownObject[],
): readonly string[] {
  const [was, is] = [new Set(before), new Set(now)];
  const differing = [...before.filter((each) => !is.has(each)), ...now.filter((each) => !was.has(each))];
  return [...new Set(differing.map(({ namespace }) => namespace))];
}

function labelsOf({ namespaces, networks }: Snapshot): unknown {
  return [Object.entries(namespaces).map(([name, { labels }]) => [name, labels]), networks];
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
