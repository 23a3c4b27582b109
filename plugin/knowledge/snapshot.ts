/** What the agent knows of the cluster beside its pods, compiled; ADD reads a part of it. Pure types. */
import type { Annotations, Labels } from "../cni/request.ts";
import type { EgressQos, Nad, NetworkQos } from "../policy/manifests/manifest.ts";

export const resourceNames = [
  "pods",
  "egressqoses",
  "networkqoses",
  "namespaces",
  "network-attachment-definitions",
] as const;
export type ResourceName = (typeof resourceNames)[number];

/**
 * synced: all of it is known. unsynced: not yet, or nobody asks for it. off: another system serves it. missing: the API has no
 * such resource. frozen: it was known and cannot be read any more.
 */
export type ResourceState = "synced" | "unsynced" | "off" | "missing" | "frozen";

export type KnownResource = { readonly state: ResourceState; readonly version?: string };

type ObjectHead = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Of the present version: with the same one it is not compiled again. */
  readonly generation?: number;
  /** Why the present version is not applied; the form is then the last valid one. */
  readonly fault?: string;
  /** UIDs of pods: it was deleted with its whole namespace, and counts for as long as one of these is there. */
  readonly keptFor?: readonly string[];
};

/** `form`: undefined of one that never had a valid one. */
export type KnownObject =
  | (ObjectHead & { readonly kind: "EgressQoS"; readonly form: EgressQos | undefined })
  | (ObjectHead & { readonly kind: "NetworkQoS"; readonly form: NetworkQos | undefined });

export type KnownNamespace = {
  readonly uid: string;
  readonly labels: Labels;
  readonly annotations: Annotations;
};

/** A NetworkAttachmentDefinition. */
export type KnownNetwork = Nad &
  Pick<ObjectHead, "uid" | "keptFor"> & { /** spec.config as text. */ readonly conf: string };

export type Snapshot = {
  /** UID of namespace kube-system: another one is another cluster. */
  readonly cluster: string | undefined;
  /** The agent's own namespace: its pods start without it. */
  readonly agentNamespace: string | undefined;
  readonly resources: Readonly<Record<ResourceName, KnownResource>>;
  readonly objects: readonly KnownObject[];
  readonly namespaces: Readonly<Record<string, KnownNamespace>>;
  readonly networks: readonly KnownNetwork[];
  /** Networks that conflists of this node make, with pod-qos in them: no NetworkAttachmentDefinition makes these. */
  readonly nodeNetworks: readonly string[];
};

export const emptySnapshot: Snapshot = {
  cluster: undefined,
  agentNamespace: undefined,
  resources: {
    pods: { state: "unsynced" },
    egressqoses: { state: "unsynced" },
    networkqoses: { state: "unsynced" },
    namespaces: { state: "unsynced" },
    "network-attachment-definitions": { state: "unsynced" },
  },
  objects: [],
  namespaces: {},
  networks: [],
  nodeNetworks: [],
};
