/** Objects as the Kubernetes API sends them, and a snapshot of some. */
import type { JsonObject } from "../../../plugin/cni/fields.ts";
import type { Annotations, Labels } from "../../../plugin/cni/request.ts";
import { compile } from "../../../plugin/knowledge/compile.ts";
import { emptySnapshot, type KnownNamespace, type Snapshot } from "../../../plugin/knowledge/snapshot.ts";

type Said = {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
};

export function apiObject(spec: JsonObject, said: Said = {}): JsonObject {
  const { name = "default", namespace = "prod", uid = `${namespace}-${name}`, generation } = said;
  return {
    metadata: {
      name,
      namespace,
      uid,
      generation,
      resourceVersion: "7",
      managedFields: [{ manager: "kubectl" }],
    },
    spec,
  };
}

export const marking = (dscp: unknown, more: JsonObject = {}): JsonObject => ({
  priority: 10,
  egress: [{ dscp }],
  ...more,
});

/** Of a NetworkQoS that asks for labels of networks. */
export const byNetwork = {
  networkSelectors: [
    {
      networkSelectionType: "NetworkAttachmentDefinitions",
      networkAttachmentDefinitionSelector: {
        namespaceSelector: {},
        networkSelector: { matchLabels: { net: "a" } },
      },
    },
  ],
};

export const namespaceOf = (labels: Labels = {}, annotations: Annotations = {}): KnownNamespace => ({
  uid: "n-1",
  labels,
  annotations,
});

type Has = {
  readonly networkQos?: readonly JsonObject[];
  readonly egressQos?: readonly JsonObject[];
} & Partial<Snapshot>;

/** All lists are complete, but for what a test says. */
export function snapshotOf({ networkQos = [], egressQos = [], ...more }: Has): Snapshot {
  const synced = { state: "synced" } as const;
  return {
    ...emptySnapshot,
    cluster: "c-1",
    resources: {
      pods: synced,
      egressqoses: synced,
      networkqoses: synced,
      namespaces: synced,
      "network-attachment-definitions": synced,
    },
    objects: [...compile("NetworkQoS", [], networkQos), ...compile("EgressQoS", [], egressQos)],
    namespaces: { prod: namespaceOf() },
    ...more,
  };
}
