/**
 * The Namespaces and NetworkAttachmentDefinitions of a policy directory, and whom it concerns that one of them is broken. Pure.
 *
 * A NetworkQoS asks for them by its networkSelectors, and an EgressQoS is about the network that no NetworkAttachmentDefinition
 * makes. What a Namespace says for its pods stands in its annotations; the values are read with the pods' own.
 */
import * as z from "zod/mini";
import { CniError } from "../../errors.ts";
import type { JsonObject } from "../../cni/fields.ts";
import type { Annotations } from "../../cni/request.ts";
import { isForNamespace } from "../annotation/near-miss.ts";
import type { EgressQos, Nad, Namespace, NetworkQosHead, Surroundings } from "./manifest.ts";
import { networkOf } from "./nad.ts";
import { inContext, refuseTwin, type Fault, type Found, type Meta } from "./object.ts";
import { asksForNetworks } from "./select.ts";
import { read } from "../text/read.ts";
import { anyObject, once, refuse } from "../text/schema.ts";

export type CompiledSurroundings = {
  readonly surroundings: Surroundings;
  /** By namespace, of those that have some for us. */
  readonly annotations: ReadonlyMap<string, Annotations>;
  readonly faults: readonly Fault[];
};

/** `found`: Namespaces and NetworkAttachmentDefinitions. */
export function compileSurroundings(found: readonly Found[]): CompiledSurroundings {
  const faults: Fault[] = [];
  const namespaces: Namespace[] = [];
  const nads: Nad[] = [];
  const annotations = new Map<string, Annotations>();
  const seen = new Map<string, Meta>();
  for (const one of found) {
    const { kind, name, namespace, labels } = one.meta;
    try {
      refuseTwin(one.meta, seen);
      if (kind === "Namespace") {
        const own = inContext(one, annotationsForPods);
        namespaces.push({ name, labels });
        if (Object.keys(own).length > 0) annotations.set(name, own);
      } else nads.push({ namespace, name, labels, network: inContext(one, networkOf) });
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
      faults.push({ kind, namespace, fault: error.message });
    }
  }
  return { surroundings: { namespaces, nads }, annotations, faults };
}

function annotationsForPods({ metadata }: JsonObject): Annotations {
  return read("metadata", metadata, annotated()).annotations ?? {};
}

/** What others wrote onto it may be anything. */
const annotated = once(() =>
  z.looseObject({
    annotations: z.nullish(
      z.pipe(
        anyObject,
        z.transform((all, context): Annotations => {
          const own = Object.entries(all).filter(([key]) => isForNamespace(key));
          const wrong = own.find(([, text]) => typeof text !== "string" || text === "");
          if (wrong === undefined) return Object.fromEntries(own) as Annotations;
          return refuse(context, { key: wrong[0], allowed: "a string that is not empty" });
        }),
      ),
    ),
  }),
);

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
