/** Follows one resource of the API, and hands on its present state, trimmed to the fields that are read. */
import { isObject, type JsonObject } from "../../cni/fields.ts";
import type { Connection } from "../../kube/connect.ts";
import { follow, type Followed, type Notice } from "../../kube/follow.ts";
import type { Resource } from "../../kube/resource.ts";
import type { ResourceName, ResourceState, Snapshot } from "../../knowledge/snapshot.ts";
import type { FollowedName, ResourceUpdate } from "./resource-update.ts";

export type Handlers = {
  /** What is known by now, at first by a former run. */
  readonly snapshot: () => Snapshot;
  /** A former agent left a snapshot that this build cannot read: there may have been more than is known. */
  readonly knewMore?: boolean;
  readonly onUpdate: (update: ResourceUpdate) => void;
  readonly onNotice: OnNotice;
};

/** `selection`: of destinations, of which several are followed at once. */
export type OnNotice = (name: FollowedName, notice: Notice, selection?: string) => void;

export function followOne(
  { snapshot, knewMore = false, onUpdate, onNotice }: Handlers,
  connection: Connection,
  name: ResourceName,
  resource: Resource,
  signal: AbortSignal,
): void {
  const before = snapshot();
  const { version } = before.resources[name];
  const isUnread = knewMore && version === undefined && name !== "pods";
  const unread = isUnread ? { version: "", count: 1 } : undefined;
  follow({
    connection,
    resource,
    signal,
    trim,
    before: version === undefined ? unread : { version, count: countOf(before, name) },
    onChange: (now) => onUpdate({ resource: name, is: stateOf(now, isUnread), items: itemsOf(now) }),
    onNotice: (notice) => onNotice(name, notice),
  });
}

/** Keeps the fields that are read: a node has a hundred pods of 6 KB each. */
function trim(object: JsonObject): JsonObject {
  const { metadata, spec, status } = object;
  const phase = isObject(status) ? status["phase"] : undefined;
  const isPod = isObject(spec) && Array.isArray(spec["containers"]);
  const hostNetwork = isObject(spec) ? spec["hostNetwork"] : undefined;
  const head = isObject(metadata)
    ? { ...metadata, managedFields: undefined, ownerReferences: undefined }
    : metadata;
  return { metadata: head, ...(isPod ? { spec: { hostNetwork }, status: { phase } } : { spec }) };
}

/** `isUnread`: that it is missing takes nothing from pods before that counts as an empty list. */
function stateOf({ state, version, isComplete }: Followed, isUnread: boolean): ResourceUpdate["is"] {
  if (isUnread && state === "missing" && !isComplete) return { state: "frozen" };
  const states: Readonly<Record<Followed["state"], ResourceState>> = {
    unsynced: "unsynced",
    synced: "synced",
    missing: "missing",
    refused: "frozen",
  };
  return { state: states[state], ...(version !== "" && { version }) };
}

function itemsOf({ isComplete, items }: Followed): ResourceUpdate["items"] {
  return isComplete ? [...items.values()] : undefined;
}

function countOf({ objects, namespaces, networks }: Snapshot, name: ResourceName): number {
  switch (name) {
    case "pods":
      return 0;
    case "egressqoses":
      return objects.filter(({ kind }) => kind === "EgressQoS").length;
    case "networkqoses":
      return objects.filter(({ kind }) => kind === "NetworkQoS").length;
    case "namespaces":
      return Object.keys(namespaces).length;
    case "network-attachment-definitions":
      return networks.length;
  }
}
