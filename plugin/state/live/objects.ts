/** The agent's snapshot as ADD reads it: the part that is about its pod. */
import type { KnownObjects } from "../../knowledge/knowledge.ts";
import { knownObjects, type ListedObject } from "../../knowledge/objects.ts";
import type { Rule } from "../../policy/rule.ts";
import { Torn, type Span } from "../chunks.ts";
import { own, withSnapshot, type NamespaceChunk, type NetworkChunk, type StoredObject } from "./snapshot.ts";

/** undefined where there is no snapshot that this build can read. */
export function readKnownObjects(stateDir: string): KnownObjects | undefined {
  return withSnapshot(stateDir, ({ header, chunk }) => {
    const read = <Value>(span: Span | undefined): Value | undefined => {
      try {
        return span && chunk<Value>(span);
      } catch (error) {
        if (error instanceof Torn) return undefined;
        throw error;
      }
    };
    const rules = (span: Span): readonly Rule[] => read<readonly Rule[]>(span) ?? [];
    return knownObjects({
      resources: header.resources,
      agentNamespace: header.agentNamespace,
      part: (name) => {
        const part = read<NamespaceChunk>(own(header.namespaces, name));
        return part && { ...part, objects: part.objects.map((object) => listed(object, rules)) };
      },
      surroundings: (network) => {
        const part = read<NetworkChunk>(own(header.networks, network));
        return { nads: part?.networks ?? [], namespaces: part?.namespaces ?? [] };
      },
    });
  });
}

function listed(object: StoredObject, rules: (span: Span) => readonly Rule[]): ListedObject {
  if (object.kind === "EgressQoS") return object;
  const { form } = object;
  if (form === undefined) return { ...object, form: undefined };
  const { rulesAt, ...head } = form;
  return { ...object, form: { ...head, readRules: () => rules(rulesAt) } };
}
