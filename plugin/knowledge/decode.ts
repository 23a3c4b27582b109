/** Decodes the API's Pods, Namespaces and NetworkAttachmentDefinitions. Pure. For the agent alone: ADD does without zod. */
import * as z from "zod/mini";
import type { Annotations } from "../cni/request.ts";
import { CniError } from "../errors.ts";
import { networkOf } from "../policy/manifests/nad.ts";
import { about, apiVersions, metaOf } from "../policy/manifests/object.ts";
import { canonical, networkStatusIn, type DestinationPod } from "./destinations.ts";
import { isStaticPod, keptAnnotations, type KnownPod } from "./pod.ts";
import type { KnownNamespace, KnownNetwork } from "./snapshot.ts";

const texts = z.nullish(z.record(z.string(), z.string()));
const metadata = z.object({
  uid: z.string(),
  namespace: z.optional(z.string()),
  name: z.string(),
  labels: texts,
  annotations: texts,
  resourceVersion: z.optional(z.string()),
});
const anyObject = z.object({ metadata });
const podObject = z.object({
  metadata,
  spec: z.nullish(z.object({ hostNetwork: z.optional(z.boolean()) })),
  status: z.nullish(z.object({ phase: z.optional(z.string()) })),
});
const nadObject = z.object({ metadata, spec: z.nullish(z.object({ config: z.nullish(z.string()) })) });

/** undefined for what is no pod. */
export function decodePod(item: unknown): KnownPod | undefined {
  const read = podObject.safeParse(item);
  if (!read.success || read.data.metadata.namespace === undefined) return undefined;
  const { uid, namespace, name, labels, annotations, resourceVersion } = read.data.metadata;
  const kept = keptAnnotations(annotations ?? {});
  const configHash = mirrored(kept);
  const phase = read.data.status?.phase;
  const isOnHostNetwork = read.data.spec?.hostNetwork === true;
  return {
    uid,
    ...(configHash !== undefined && { configHash }),
    namespace,
    name,
    labels: labels ?? {},
    annotations: kept,
    ...(phase !== undefined && { phase }),
    ...(isOnHostNetwork && { isOnHostNetwork }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}

const destinationObject = z.object({
  metadata: z.object({ annotations: texts }),
  spec: z.nullish(z.object({ hostNetwork: z.nullish(z.boolean()) })),
  status: z.nullish(
    z.object({
      phase: z.optional(z.string()),
      podIP: z.optional(z.string()),
      podIPs: z.nullish(z.array(z.object({ ip: z.string() }))),
    }),
  ),
});

/** undefined for one that nobody can send to: it has ended, has the node's addresses, or none yet. */
export function decodeDestination(item: unknown): DestinationPod | undefined {
  const read = destinationObject.safeParse(item);
  if (!read.success) return undefined;
  const { metadata: head, spec, status } = read.data;
  const hasEnded = status?.phase === "Succeeded" || status?.phase === "Failed";
  if (hasEnded || spec?.hostNetwork === true) return undefined;
  const { podIP, podIPs } = status ?? {};
  const addresses = canonical(podIPs?.map(({ ip }) => ip) ?? (podIP === undefined ? [] : [podIP]));
  const attached = networkStatusIn(head.annotations ?? {}).map(({ name, ips }) => ({
    name,
    ips: canonical(ips),
  }));
  return addresses.length + attached.length === 0 ? undefined : { addresses, attached };
}

/** Anybody may write these on a pod of his own: as a hash they name no pod of the API. */
function mirrored(annotations: Annotations): string | undefined {
  const hash = annotations["kubernetes.io/config.hash"];
  const isMirror = hash !== undefined && annotations["kubernetes.io/config.mirror"] === hash;
  return isMirror && isStaticPod(hash, annotations) && /^[0-9a-f]{32}$/.test(hash) ? hash : undefined;
}

export type Named<Value> = Value & { readonly name: string };

export function decodeNamespace(item: unknown): Named<KnownNamespace> | undefined {
  const read = anyObject.safeParse(item);
  if (!read.success) return undefined;
  const { uid, name, labels, annotations } = read.data.metadata;
  return { name, uid, labels: labels ?? {}, annotations: keptAnnotations(annotations ?? {}) };
}

/** `network`: undefined of one that never had a conf that can be read. */
export type DecodedNetwork = { readonly network: KnownNetwork | undefined; readonly fault?: string };

/** One whose conf cannot be read keeps the name of the network that it made. */
export function decodeNetwork(item: unknown, previous: KnownNetwork | undefined): DecodedNetwork {
  const read = nadObject.safeParse(item);
  if (!read.success)
    return { network: previous, fault: `a NetworkAttachmentDefinition: ${z.prettifyError(read.error)}` };
  const { uid, name, namespace = "default" } = read.data.metadata;
  const same = previous?.uid === uid ? previous : undefined;
  const kind = "NetworkAttachmentDefinition";
  try {
    const object = { ...(item as object), apiVersion: apiVersions[kind], kind };
    const meta = metaOf(object, "API");
    const conf = read.data.spec?.config ?? "";
    const { labels } = meta;
    return { network: { namespace, name, labels, network: networkOf(object, meta), uid, conf } };
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    return { network: same, fault: about(`${kind} ${namespace}/${name} (API)`, error).message };
  }
}
