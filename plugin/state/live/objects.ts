/** The agent's snapshot as ADD reads it: only the chunks of the pod's namespace and network. */
import type { KnownObjects } from "../../knowledge/knowledge.ts";
import { knownObjects, type ListedObject, type NamespacePart } from "../../knowledge/objects.ts";
import type { Surroundings } from "../../policy/manifests/manifest.ts";
import type { Rule } from "../../policy/rule/rule.ts";
import { parseChunk, Torn, type Chunks, type Span } from "../chunks.ts";
import {
  own,
  withSnapshot,
  type Header,
  type NamespaceChunk,
  type NetworkChunk,
  type StoredObject,
} from "./snapshot.ts";

/** Of the namespace and network in `about` alone. undefined where there is no snapshot that this build can read. */
export function readKnownObjects(
  stateDir: string,
  about: { readonly namespace: string | undefined; readonly network: string },
): KnownObjects | undefined {
  return withSnapshot(stateDir, (chunks) => {
    const { resources, agentNamespace } = chunks.header;
    const part = about.namespace === undefined ? undefined : partOf(chunks, about.namespace);
    const surroundings = surroundingsIn(chunks, about.network);
    return knownObjects({
      resources,
      agentNamespace,
      part: (name) => (name === about.namespace ? part : undefined),
      surroundings: () => surroundings,
    });
  });
}

function partOf({ header, chunk, bytes }: Chunks<Header>, namespace: string): NamespacePart | undefined {
  const span = own(header.namespaces, namespace);
  if (span === undefined) return undefined;
  const { objects, ...part } = chunk<NamespaceChunk>(span);
  const rules = objects.flatMap(rulesAt);
  if (rules.length === 0) return { ...part, objects: objects.map((object) => listed(object, () => [])) };
  // The rules of a namespace lie before its chunk, all in one piece.
  const start = Math.min(...rules.map(([at]) => at));
  const piece = bytes(start, span[0] - start);
  const read = ([at, length, sum]: Span): readonly Rule[] => {
    try {
      return parseChunk<readonly Rule[]>(piece.subarray(at - start, at - start + length), sum);
    } catch (error) {
      if (error instanceof Torn) return [];
      throw error;
    }
  };
  return { ...part, objects: objects.map((object) => listed(object, read)) };
}

function rulesAt(object: StoredObject): readonly Span[] {
  return object.kind === "NetworkQoS" && object.form !== undefined ? [object.form.rulesAt] : [];
}

function surroundingsIn({ header, chunk }: Chunks<Header>, network: string): Surroundings {
  const span = own(header.networks, network);
  const isOfNode = header.nodeNetworks?.includes(network) === true;
  if (span === undefined) return { nads: [], namespaces: [], isOfNode };
  const { networks, namespaces } = chunk<NetworkChunk>(span);
  return { nads: networks, namespaces, isOfNode };
}

function listed(object: StoredObject, read: (span: Span) => readonly Rule[]): ListedObject {
  if (object.kind === "EgressQoS") return object;
  const { form } = object;
  if (form === undefined) return { ...object, form: undefined };
  const { rulesAt: span, ...head } = form;
  return { ...object, form: { ...head, readRules: () => read(span) } };
}
