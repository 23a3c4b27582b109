/**
 * The Namespaces and NetworkAttachmentDefinitions of a policy directory, and whom it concerns that one of them is broken. Pure.
 *
 * They say nothing by themselves: a NetworkQoS asks for them by its networkSelectors, and an EgressQoS is about the network that no
 * NetworkAttachmentDefinition makes.
 */
import { CniError } from "../../errors.ts";
import type { EgressQos, Nad, Namespace, NetworkQosHead, Surroundings } from "./manifest.ts";
import { networkOf } from "./nad.ts";
import { inContext, refuseTwin, type Fault, type Found, type Meta } from "./object.ts";
import { asksForNetworks } from "./select.ts";

export type CompiledSurroundings = {
  readonly surroundings: Surroundings;
  readonly faults: readonly Fault[];
};

/** `found`: Namespaces and NetworkAttachmentDefinitions. */
export function compileSurroundings(found: readonly Found[]): CompiledSurroundings {
  const faults: Fault[] = [];
  const namespaces: Namespace[] = [];
  const nads: Nad[] = [];
  const seen = new Map<string, Meta>();
  for (const one of found) {
    const { kind, name, namespace, labels } = one.meta;
    try {
      refuseTwin(one.meta, seen);
      if (kind === "Namespace") namespaces.push({ name, labels });
      else nads.push({ namespace, name, labels, network: inContext(one, networkOf) });
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
      faults.push({ kind, namespace, fault: error.message });
    }
  }
  return { surroundings: { namespaces, nads }, faults };
}

/** Whether pods of a namespace may be held against what is broken. */
export function concerns(
  { kind, namespace: broken }: Fault,
  namespace: string,
  {
    networkQos,
    egressQos,
  }: { readonly networkQos: readonly NetworkQosHead[]; readonly egressQos: readonly EgressQos[] },
): boolean {
  switch (kind) {
    case "Namespace":
      return broken === namespace || networkQos.some(({ networks }) => asksForNetworks(networks));
    case "NetworkAttachmentDefinition":
      return egressQos.length > 0 || networkQos.some(({ networks }) => networks.length > 0);
    case "EgressQoS":
    case "NetworkQoS":
      return broken === namespace;
  }
}
