/** An update of one resource, put into the view of the API. Pure. */
import type { JsonObject } from "../cni/fields.ts";
import { compile } from "../knowledge/compile.ts";
import { decodeNamespace, decodeNetwork, decodePod } from "../knowledge/decode.ts";
import { podId } from "../knowledge/pod.ts";
import type { KnownNetwork, KnownObject, KnownResource, Snapshot } from "../knowledge/snapshot.ts";
import { withSnapshot, type ApiView } from "./api-view.ts";
import type { ResourceUpdate } from "./resource-update.ts";

export function withUpdate(view: ApiView, update: ResourceUpdate): ApiView {
  const { resource, is, items } = update;
  const snapshot: Snapshot = {
    ...view.snapshot,
    resources: { ...view.snapshot.resources, [resource]: becoming(view.snapshot.resources[resource], is) },
  };
  if (items === undefined) return withSnapshot(view, snapshot);
  switch (resource) {
    case "pods":
      return { ...withSnapshot(view, snapshot), pods: podsIn(items) };
    case "egressqoses":
      return withSnapshot(view, { ...snapshot, objects: objectsWith("EgressQoS", snapshot, items) });
    case "networkqoses":
      return withSnapshot(view, { ...snapshot, objects: objectsWith("NetworkQoS", snapshot, items) });
    case "namespaces":
      return withSnapshot(view, { ...snapshot, namespaces: namespacesIn(items) });
    case "network-attachment-definitions":
      return withNetworks(view, snapshot, items);
  }
}

/** What was known stays known while it cannot be read: its version says so, and nothing older may replace it. */
function becoming(before: KnownResource, is: KnownResource): KnownResource {
  const version = is.version ?? before.version;
  const state = is.state === "unsynced" && before.state === "frozen" ? "frozen" : is.state;
  return { state, ...(version !== undefined && { version }) };
}

function podsIn(items: readonly JsonObject[]): ApiView["pods"] {
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

function withNetworks(view: ApiView, snapshot: Snapshot, items: readonly JsonObject[]): ApiView {
  const decoded = items.map((item) => decodeNetwork(item, networkLike(item, snapshot.networks)));
  const networks = decoded.flatMap(({ network }) => network ?? []);
  const networkFaults = decoded.flatMap(({ fault }) => fault ?? []);
  return { ...withSnapshot(view, { ...snapshot, networks }), networkFaults };
}

function networkLike(item: JsonObject, all: readonly KnownNetwork[]): KnownNetwork | undefined {
  const { metadata } = item as {
    readonly metadata?: { readonly namespace?: string; readonly name?: string };
  };
  return all.find(({ namespace, name }) => namespace === metadata?.namespace && name === metadata.name);
}
