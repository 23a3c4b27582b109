/** A snapshot as a source of policies. Pure. ADD reads it from a file in parts, the agent holds all of it. */
import type { ApiPolicies } from "../policy/manifests/combine.ts";
import type { EgressQos, Surroundings } from "../policy/manifests/manifest.ts";
import { byRank } from "../policy/manifests/rank.ts";
import type { ListedQos } from "../policy/manifests/source.ts";
import type { KnownObjects } from "./knowledge.ts";
import type { KnownNamespace, KnownObject, Snapshot } from "./snapshot.ts";

/** An object whose rules are read when a pod is selected. */
export type ListedObject =
  | Extract<KnownObject, { kind: "EgressQoS" }>
  | (Omit<Extract<KnownObject, { kind: "NetworkQoS" }>, "form"> & { readonly form: ListedQos | undefined });

/** Of one namespace. */
export type NamespacePart = {
  readonly namespace: KnownNamespace | undefined;
  readonly objects: readonly ListedObject[];
};

export type SnapshotParts = {
  readonly resources: Snapshot["resources"];
  readonly agentNamespace: string | undefined;
  readonly part: (namespace: string) => NamespacePart | undefined;
  readonly surroundings: (network: string) => Surroundings;
};

export function knownObjects(parts: SnapshotParts): KnownObjects {
  const { resources, agentNamespace, part, surroundings } = parts;
  return {
    agentNamespace,
    resources,
    // A decision asks several times, and an agent has a hundred pods of one namespace.
    policies: onceEach((namespace) => policiesOf(part(namespace)?.objects ?? [], resources)),
    surroundings,
    namespace: (name) =>
      part(name)?.namespace ?? (resources.namespaces.state === "synced" ? "absent" : undefined),
  };
}

export function objectsOf(snapshot: Snapshot): KnownObjects {
  const { resources, agentNamespace, namespaces, networks, nodeNetworks } = snapshot;
  const objects = Map.groupBy(snapshot.objects.map(listed), ({ namespace }) => namespace);
  const surroundings: Surroundings = {
    namespaces: Object.entries(namespaces).map(([name, { labels }]) => ({ name, labels })),
    nads: networks,
  };
  return knownObjects({
    resources,
    agentNamespace,
    part: (name) => ({
      namespace: Object.hasOwn(namespaces, name) ? namespaces[name] : undefined,
      objects: objects.get(name) ?? [],
    }),
    surroundings: (network) => ({ ...surroundings, isOfNode: nodeNetworks.includes(network) }),
  });
}

function onceEach<Value>(make: (name: string) => Value): (name: string) => Value {
  const made = new Map<string, { readonly value: Value }>();
  return (name) => {
    const found = made.get(name) ?? { value: make(name) };
    made.set(name, found);
    return found.value;
  };
}

function listed(object: KnownObject): ListedObject {
  if (object.kind === "EgressQoS") return object;
  const { form } = object;
  if (form === undefined) return { ...object, form: undefined };
  const { rules, ...head } = form;
  return { ...object, form: { ...head, readRules: () => rules } };
}

/** Objects that another system serves are not applied. One that was never valid is left out, and still hides a file's of its name. */
function policiesOf(all: readonly ListedObject[], resources: Snapshot["resources"]): ApiPolicies | undefined {
  const isOurs = { EgressQoS: resources.egressqoses, NetworkQoS: resources.networkqoses };
  const objects = all.filter(({ kind }) => isOurs[kind].state !== "off");
  if (objects.length === 0) return undefined;
  return {
    networkQos: objects.flatMap(networkQosIn).toSorted(byRank),
    egressQos: objects.flatMap(egressQosIn)[0],
    faults: [],
    warnings: objects.flatMap(warningsOf),
    has: objects.map(({ kind, name }) => `${kind} ${name}`),
  };
}

function networkQosIn(object: ListedObject): readonly ListedQos[] {
  return object.kind === "NetworkQoS" && object.form !== undefined ? [object.form] : [];
}

function egressQosIn(object: ListedObject): readonly EgressQos[] {
  return object.kind === "EgressQoS" && object.form !== undefined ? [object.form] : [];
}

function warningsOf({ fault, form }: ListedObject): readonly string[] {
  if (fault === undefined) return [];
  return [`${fault}; ${form === undefined ? "it is left out" : "its last valid form is applied"}`];
}
