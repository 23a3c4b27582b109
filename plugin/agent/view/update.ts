/** An update of one resource, put into the view of the API. Pure. */
import type { JsonObject } from "../../cni/fields.ts";
import { compile } from "../../knowledge/compile.ts";
import { decodeNamespace, decodeNetwork, decodePod } from "../../knowledge/decode.ts";
import type {
  KnownNamespace,
  KnownNetwork,
  KnownObject,
  KnownResource,
  Snapshot,
} from "../../knowledge/snapshot.ts";
import { byId, withSnapshot, type ApiView } from "./view.ts";
import { keptOf, stillKept } from "../api/kept.ts";
import type { ResourceUpdate } from "../api/resource-update.ts";

export function withUpdate(view: ApiView, update: ResourceUpdate): ApiView {
  const { resource, is, items, leaving = [] } = update;
  const snapshot: Snapshot = {
    ...view.snapshot,
    resources: { ...view.snapshot.resources, [resource]: becoming(view.snapshot.resources[resource], is) },
  };
  if (items === undefined) return withSnapshot(view, snapshot);
  switch (resource) {
    case "pods":
      return withPods(view, snapshot, byId(items.flatMap((item) => decodePod(item) ?? [])));
    case "egressqoses":
      return withObjects("EgressQoS", view, snapshot, items, leaving);
    case "networkqoses":
      return withObjects("NetworkQoS", view, snapshot, items, leaving);
    case "namespaces":
      return withSnapshot(view, { ...snapshot, namespaces: namespacesIn(items) });
    case "network-attachment-definitions":
      return withNetworks(view, snapshot, items, leaving);
  }
}

/** What was known stays known while it cannot be read: its version says so, and nothing older may replace it. */
function becoming(before: KnownResource, is: KnownResource): KnownResource {
  const version = is.version ?? before.version;
  const state = is.state === "unsynced" && before.state === "frozen" ? "frozen" : is.state;
  return { state, ...(version !== undefined && { version }) };
}

function withPods(view: ApiView, snapshot: Snapshot, pods: ApiView["pods"]): ApiView {
  const objects = stillKept(snapshot.objects, pods.values());
  const networks = stillKept(snapshot.networks, pods.values());
  return { ...withSnapshot(view, { ...snapshot, objects, networks }), pods };
}

function withObjects(
  kind: KnownObject["kind"],
  view: ApiView,
  snapshot: Snapshot,
  items: readonly JsonObject[],
  leaving: readonly string[],
): ApiView {
  const { objects } = snapshot;
  const ofKind = objects.filter((object) => object.kind === kind);
  const all = [
    ...objects.filter((object) => object.kind !== kind),
    ...compile(kind, ofKind, items),
    ...keptOf(ofKind, items, view.pods.values(), leaving),
  ];
  return withSnapshot(view, { ...snapshot, objects: all });
}

/** A cluster may have thousands, and an event is about one: the others are the values that they were. */
const read = new WeakMap<JsonObject, NamespaceEntry>();
type NamespaceEntry = readonly [name: string, namespace: KnownNamespace];

function namespacesIn(items: readonly JsonObject[]): Snapshot["namespaces"] {
  return Object.fromEntries(items.map(entryOf).filter((entry) => entry !== undefined));
}

function entryOf(item: JsonObject): NamespaceEntry | undefined {
  const before = read.get(item);
  const now = before === undefined ? decodeNamespace(item) : undefined;
  if (before !== undefined || now === undefined) return before;
  const { name, ...namespace } = now;
  const entry: NamespaceEntry = [name, namespace];
  read.set(item, entry);
  return entry;
}

function withNetworks(
  view: ApiView,
  snapshot: Snapshot,
  items: readonly JsonObject[],
  leaving: readonly string[],
): ApiView {
  const decoded = items.map((item) => decodeNetwork(item, networkLike(item, snapshot.networks)));
  const networks = [
    ...decoded.flatMap(({ network }) => network ?? []),
    ...keptOf(snapshot.networks, items, view.pods.values(), leaving),
  ];
  const networkFaults = decoded.flatMap(({ fault }) => fault ?? []);
  return { ...withSnapshot(view, { ...snapshot, networks }), networkFaults };
}

function networkLike(item: JsonObject, all: readonly KnownNetwork[]): KnownNetwork | undefined {
  const { metadata } = item as {
    readonly metadata?: { readonly namespace?: string; readonly name?: string };
  };
  return all.find(({ namespace, name }) => namespace === metadata?.namespace && name === metadata.name);
}
