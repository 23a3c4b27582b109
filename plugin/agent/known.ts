/** What the API says of this node's pods and of objects, as one value, and what is news of it. Pure. */
import type { JsonObject } from "../cni/fields.ts";
import { compile } from "../knowledge/compile.ts";
import { decodeNamespace, decodeNetwork, decodePod } from "../knowledge/decode.ts";
import type { Knowledge, KnownObjects } from "../knowledge/knowledge.ts";
import { objectsOf } from "../knowledge/objects.ts";
import { isNamed, podId, type KnownPod } from "../knowledge/pod.ts";
import type { KnownNetwork, KnownObject, ResourceName, Snapshot } from "../knowledge/snapshot.ts";
import type { OnDemand, Told } from "./told.ts";
import type { AttachmentRecord } from "../state/record.ts";

export type Known = {
  readonly snapshot: Snapshot;
  readonly objects: KnownObjects;
  /** By what a runtime calls their UID. */
  readonly pods: ReadonlyMap<string, KnownPod>;
};

export function knownOf(snapshot: Snapshot, pods: readonly KnownPod[]): Known {
  return { snapshot, objects: objectsOf(snapshot), pods: new Map(pods.map((pod) => [podId(pod), pod])) };
}

export function withTold(known: Known, told: Told): Known {
  const { resource, is, items } = told;
  const snapshot: Snapshot = {
    ...known.snapshot,
    resources: { ...known.snapshot.resources, [resource]: is },
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
      return withSnapshot(known, { ...snapshot, networks: networksIn(items, snapshot.networks) });
  }
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
      !isEqual(labelsOf(before.snapshot), labelsOf(now.snapshot)) ||
      resources.some(([, { state }]) => state === "off" || state === "synced"),
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

/** Of the resources that are followed only where a selector asks, those that one asks for. */
export function askedFor({ snapshot }: Known, confs: readonly JsonObject[]): readonly OnDemand[] {
  const byNetwork = snapshot.objects.some(
    (object) =>
      object.kind === "NetworkQoS" &&
      object.form?.networks.some(({ type }) => type === "NetworkAttachmentDefinitions") === true,
  );
  const byClass = confs.some((conf) =>
    JSON.stringify(conf["uplink"] ?? null).includes('"namespaceSelector"'),
  );
  return [
    ...(byNetwork ? (["network-attachment-definitions"] as const) : []),
    ...(byNetwork || byClass ? (["namespaces"] as const) : []),
  ];
}

function withSnapshot(known: Known, snapshot: Snapshot): Known {
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

function networksIn(items: readonly JsonObject[], before: readonly KnownNetwork[]): readonly KnownNetwork[] {
  return items.flatMap((item) => {
    const { metadata } = item as {
      readonly metadata?: { readonly namespace?: string; readonly name?: string };
    };
    const previous = before.find(
      ({ namespace, name }) => namespace === metadata?.namespace && name === metadata.name,
    );
    return decodeNetwork(item, previous).known ?? [];
  });
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
