/**
 * The API side: which resources are followed, and what each says by now. Everything that is told is in `Told`; what follows from
 * it is elsewhere. Nothing ends it but the signal.
 */
import { messageOf } from "../errors.ts";
import { isObject, type JsonObject } from "../cni/fields.ts";
import { connect, type Connection } from "../kube/connect.ts";
import { follow, type Followed, type Notice } from "../kube/follow.ts";
import type { Resource } from "../kube/resource.ts";
import type { ResourceName, ResourceState, Snapshot } from "../knowledge/snapshot.ts";
import type { Log } from "../log.ts";
import type { OnDemand, Told } from "./told.ts";
import type { Options } from "./options.ts";
import { ownerOf, type Owner } from "./owner.ts";

export type Api = {
  readonly options: Pick<Options, "node" | "kubeconfig" | "objects">;
  /** SERVICE_ACCOUNT_ROOT. */
  readonly root: string | undefined;
  /** What a former run knew. */
  readonly before: Snapshot;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The cluster's UID, once: of another cluster than before nothing else is told. */
  readonly onCluster: (uid: string) => void;
  readonly onTold: (told: Told) => void;
  readonly onNotice: (resource: ResourceName, notice: Notice) => void;
};

/** What comes back follows one more resource, once; undefined where the signal ended it, or the cluster is another. */
export async function followApi(api: Api): Promise<((name: OnDemand) => void) | undefined> {
  const { options, root, signal, log } = api;
  const connection = await orAgain(api, "the API server", () =>
    connect({ kubeconfig: options.kubeconfig, ...(root !== undefined && { root }) }),
  );
  if (connection === undefined) return undefined;
  signal.addEventListener("abort", connection.close, { once: true });
  const uid = await orAgain(api, connection.server(), () => clusterOf(connection, signal));
  if (uid === undefined) return undefined;
  if (api.before.cluster !== undefined && api.before.cluster !== uid) {
    log(
      "error",
      `${connection.server()} is another cluster (${uid}) than the one that this node's pods were decided by (${api.before.cluster}): nothing is changed by its word; if that is meant, drain the node and remove the state directory's live/`,
    );
    return undefined;
  }
  api.onCluster(uid);
  const node = options.node ?? "";
  followOne(
    api,
    connection,
    "pods",
    { ...core, name: "pods", fieldSelector: `spec.nodeName=${node}` },
    signal,
  );
  for (const name of ["egressqoses", "networkqoses"] as const) void followObjects(api, connection, name);
  const followed = new Set<OnDemand>();
  return (name) => {
    if (followed.has(name)) return;
    followed.add(name);
    followOne(api, connection, name, onDemand[name], signal);
  };
}

const core = { group: "", version: "v1" } as const;
const onDemand: Readonly<Record<OnDemand, Resource>> = {
  namespaces: { ...core, name: "namespaces" },
  "network-attachment-definitions": {
    group: "k8s.cni.cncf.io",
    version: "v1",
    name: "network-attachment-definitions",
  },
};
const versions = { egressqoses: "v1", networkqoses: "v1alpha1" } as const;

function followOne(
  { before, onTold, onNotice, signal: all }: Api,
  connection: Connection,
  name: ResourceName,
  resource: Resource,
  signal: AbortSignal,
): void {
  const former = before.resources[name];
  follow({
    connection,
    resource,
    signal: AbortSignal.any([all, signal]),
    trim,
    before:
      former.version === undefined ? undefined : { version: former.version, count: countOf(before, name) },
    onChange: (now) => onTold({ resource: name, is: stateOf(now), items: itemsOf(now) }),
    onNotice: (notice) => onNotice(name, notice),
  });
}

/** Whose they are may change while we look: another system is installed, or goes. */
async function followObjects(
  api: Api,
  connection: Connection,
  name: "egressqoses" | "networkqoses",
): Promise<void> {
  const { options, signal, log, onTold } = api;
  const resource: Resource = { group: "k8s.ovn.org", version: versions[name], name };
  let following: AbortController | undefined;
  let last: string | undefined;
  while (!signal.aborted) {
    const owner: Owner =
      options.objects === "auto" ? await ownerOf(connection, name, signal) : forced(options.objects);
    const said = typeof owner === "object" ? owner.unknown : owner;
    if (said !== last && !signal.aborted)
      log(typeof owner === "object" ? "warn" : "info", `${name}: ${inWords[String(owner)] ?? said}`);
    const isOther = owner === "others" || owner === "missing";
    if (following !== undefined && (isOther || (owner === "ours" && last === "missing"))) {
      following.abort();
      following = undefined;
    }
    if (owner === "ours" && following === undefined) {
      following = new AbortController();
      followOne(api, connection, name, resource, following.signal);
    }
    if (isOther && said !== last)
      onTold({ resource: name, is: { state: owner === "others" ? "off" : "missing" }, items: undefined });
    if (typeof owner === "object" && following === undefined && said !== last)
      onTold({ resource: name, is: { state: "frozen" }, items: undefined });
    last = said;
    await pause(owner === "ours" ? 60_000 : 5_000, signal);
  }
}

const inWords: Readonly<Record<string, string>> = {
  ours: "followed",
  others:
    "their definition is not ours (no label app.kubernetes.io/part-of: pod-qos): left to who brought it",
  missing: "the cluster has no such definition",
};

function forced(objects: "on" | "off"): Owner {
  return objects === "on" ? "ours" : "others";
}

/** Of an object what is read of it, and no more: a node has a hundred pods of 6 KB. */
function trim(object: JsonObject): JsonObject {
  const { metadata, spec, status } = object;
  const phase = isObject(status) ? status["phase"] : undefined;
  const isPod = isObject(spec) && Array.isArray(spec["containers"]);
  const head = isObject(metadata)
    ? { ...metadata, managedFields: undefined, ownerReferences: undefined }
    : metadata;
  return { metadata: head, ...(isPod ? { status: { phase } } : { spec }) };
}

function stateOf({ state, version }: Followed): Told["is"] {
  const states: Readonly<Record<Followed["state"], ResourceState>> = {
    unsynced: "unsynced",
    synced: "synced",
    missing: "missing",
    refused: "frozen",
  };
  return { state: states[state], ...(version !== "" && { version }) };
}

function itemsOf({ isComplete, items }: Followed): Told["items"] {
  return isComplete ? [...items.values()] : undefined;
}

function countOf({ objects, namespaces, networks: known }: Snapshot, name: ResourceName): number {
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
      return known.length;
  }
}

async function clusterOf(connection: Connection, signal: AbortSignal): Promise<string> {
  const path = "/api/v1/namespaces/kube-system";
  const namespace = await connection.request({ method: "GET", path, signal });
  const metadata = isObject(namespace) ? namespace["metadata"] : undefined;
  const uid = isObject(metadata) ? metadata["uid"] : undefined;
  if (typeof uid !== "string") throw new Error("namespace kube-system has no UID");
  return uid;
}

/** undefined where the signal ended it. */
async function orAgain<Value>(
  { signal, log }: Api,
  what: string,
  attempt: () => Promise<Value>,
): Promise<Value | undefined> {
  let last = "";
  for (let waitMs = 500; !signal.aborted; waitMs = Math.min(waitMs * 2, 5_000)) {
    try {
      return await attempt();
    } catch (error) {
      if (messageOf(error) !== last && !signal.aborted) log("warn", `${what}: ${messageOf(error)}`);
      last = messageOf(error);
      await pause(waitMs, signal);
    }
  }
  return undefined;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
