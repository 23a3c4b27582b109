/**
 * `live/snapshot`: what the API says beside its pods. A chunk for each namespace and for each network: an ADD reads the two that
 * are about its pod. A file of another format, or a torn one, counts as none.
 */
import { closeSync, existsSync, fstatSync, openSync, renameSync, writeFileSync } from "node:fs";
import type { KnownNamespace, KnownNetwork, KnownObject, Snapshot } from "../../knowledge/snapshot.ts";
import type { EgressQos, Namespace, NetworkQosHead } from "../../policy/manifests/manifest.ts";
import type { Rule } from "../../policy/rule/rule.ts";
import { fileBytes, openChunks, renderChunks, Torn, type Append, type Chunks, type Span } from "../chunks.ts";
import { makeDirectory } from "../file.ts";
import { liveDirectory } from "./place.ts";

const kind = "snapshot 1";

export type Header = Pick<Snapshot, "cluster" | "agentNamespace" | "resources"> & {
  readonly namespaces: Readonly<Record<string, Span>>;
  /** By the name of the CNI network. */
  readonly networks: Readonly<Record<string, Span>>;
  /** An older build did not write them down. */
  readonly nodeNetworks?: readonly string[];
};

/** Without its generation: another build may have compiled it. */
type ObjectHead = Pick<KnownObject, "namespace" | "name" | "uid" | "fault" | "keptFor">;

/** The rules are in a chunk of their own: most pods are not selected. */
export type StoredObject = ObjectHead &
  (
    | { readonly kind: "EgressQoS"; readonly form: EgressQos | undefined }
    | { readonly kind: "NetworkQoS"; readonly form: StoredQos | undefined }
  );
type StoredQos = NetworkQosHead & { readonly rulesAt: Span };

export type NamespaceChunk = {
  readonly namespace: KnownNamespace | undefined;
  readonly objects: readonly StoredObject[];
};

export type NetworkChunk = {
  readonly networks: readonly KnownNetwork[];
  /** Those that the networks are in, as far as they are known. */
  readonly namespaces: readonly Namespace[];
};

export function writeSnapshot(stateDir: string, snapshot: Snapshot): void {
  const path = pathIn(stateDir);
  makeDirectory(liveDirectory(stateDir));
  writeFileSync(`${path}.tmp`, render(snapshot), { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

/** All of it, for an agent that starts. */
export function readSnapshot(stateDir: string): Snapshot | undefined {
  return withSnapshot(stateDir, ({ header, chunk }) => {
    const { cluster, agentNamespace, resources, nodeNetworks = [] } = header;
    const namespaces = Object.entries(header.namespaces).map(
      ([name, span]) => [name, chunk<NamespaceChunk>(span)] as const,
    );
    return {
      cluster,
      agentNamespace,
      resources,
      objects: namespaces.flatMap(([, { objects }]) => objects.map((object) => restored(object, chunk))),
      namespaces: Object.fromEntries(
        namespaces.flatMap(([name, { namespace }]) => (namespace === undefined ? [] : [[name, namespace]])),
      ),
      networks: Object.values(header.networks).flatMap((span) => chunk<NetworkChunk>(span).networks),
      nodeNetworks,
    };
  });
}

/** There is one, and this build cannot read it: a newer agent may have left it, and knew objects. */
export function isOfAnotherBuild(stateDir: string): boolean {
  return existsSync(pathIn(stateDir)) && withSnapshot(stateDir, () => true) === undefined;
}

/** undefined where there is none that this build can read, or it turns out to be torn. */
export function withSnapshot<Value>(
  stateDir: string,
  read: (chunks: Chunks<Header>) => Value,
): Value | undefined {
  const file = opened(pathIn(stateDir));
  if (file === undefined) return undefined;
  try {
    const chunks = openChunks<Header>(kind, Buffer.alloc(0), fstatSync(file).size, fileBytes(file));
    return chunks && read(chunks);
  } catch (error) {
    if (error instanceof Torn) return undefined;
    throw error;
  } finally {
    closeSync(file);
  }
}

function opened(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}

function render(snapshot: Snapshot): Buffer {
  const { cluster, agentNamespace, resources, objects, namespaces, networks, nodeNetworks } = snapshot;
  return renderChunks(kind, Buffer.alloc(0), (append): Header => {
    const byNamespace = Map.groupBy(objects, ({ namespace }) => namespace);
    const names = new Set([...Object.keys(namespaces), ...byNamespace.keys()]);
    const byNetwork = Map.groupBy(networks, ({ network }) => network);
    return {
      cluster,
      agentNamespace,
      resources,
      nodeNetworks,
      namespaces: Object.fromEntries(
        Array.from(names, (name) => [
          name,
          append({
            namespace: own(namespaces, name),
            objects: (byNamespace.get(name) ?? []).map((object) => stored(object, append)),
          } satisfies NamespaceChunk),
        ]),
      ),
      networks: Object.fromEntries(
        Array.from(byNetwork, ([network, all]) => [
          network,
          append({ networks: all, namespaces: namespacesOf(all, namespaces) } satisfies NetworkChunk),
        ]),
      ),
    };
  });
}

function stored(object: KnownObject, append: Append): StoredObject {
  const { namespace, name, uid, fault, keptFor } = object;
  const told = {
    namespace,
    name,
    uid,
    ...(fault !== undefined && { fault }),
    ...(keptFor !== undefined && { keptFor }),
  };
  if (object.kind === "EgressQoS") return { ...told, kind: object.kind, form: object.form };
  if (object.form === undefined) return { ...told, kind: object.kind, form: undefined };
  const { rules, ...head } = object.form;
  return { ...told, kind: object.kind, form: { ...head, rulesAt: append(rules) } };
}

function restored(object: StoredObject, chunk: Chunks<Header>["chunk"]): KnownObject {
  if (object.kind === "EgressQoS") return object;
  if (object.form === undefined) return { ...object, form: undefined };
  const { rulesAt, ...head } = object.form;
  return { ...object, form: { ...head, rules: chunk<readonly Rule[]>(rulesAt) } };
}

function namespacesOf(
  networks: readonly KnownNetwork[],
  namespaces: Snapshot["namespaces"],
): readonly Namespace[] {
  const names = new Set(networks.map(({ namespace }) => namespace));
  return Array.from(names).flatMap((name) => {
    const known = own(namespaces, name);
    return known === undefined ? [] : [{ name, labels: known.labels }];
  });
}

/** A namespace may be called "constructor". */
export function own<Value>(all: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

function pathIn(stateDir: string): string {
  return `${liveDirectory(stateDir)}/snapshot`;
}
