/** What the Kubernetes API says of one pod, as far as its traffic is concerned. Pure. */
import type { Annotations, Labels } from "../cni/request.ts";
import { isNearMiss } from "../policy/annotation/near-miss.ts";

export type KnownPod = {
  readonly uid: string;
  /** Of a static pod: what CNI calls its UID. The API shows a mirror of it, which has one of its own. */
  readonly configHash?: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** Those that `keptAnnotations` keeps. */
  readonly annotations: Annotations;
  readonly phase?: string;
  /** No CNI plugin is called for it. */
  readonly isOnHostNetwork?: true;
  readonly resourceVersion?: string;
};

/**
 * What a runtime may call the pod's UID, K8S_POD_UID: the names of its files. Of a mirror it says the hash, and the API's UID of a
 * pod that only has a mirror's annotations.
 */
export function podIds({ uid, configHash }: Pick<KnownPod, "uid" | "configHash">): readonly string[] {
  return configHash === undefined ? [uid] : [uid, configHash];
}

/**
 * Whether the pod has that name. The API makes UIDs; a static pod's hash is an annotation, which any user may write onto a pod
 * of their own.
 */
export function isNamed(
  pod: KnownPod,
  said: { readonly namespace?: string | undefined; readonly name?: string | undefined },
): boolean {
  return pod.configHash === undefined || (pod.namespace === said.namespace && pod.name === said.name);
}

/** It becomes part of a path. A static pod's is 32 hexadecimal digits, any other a UUID, as far as Kubernetes goes. */
export function isPodId(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/.test(text);
}

/** The API makes UUIDs, and kubelet a hash of what stands in its file. */
export function isStaticPod(id: string, annotations: Annotations): boolean {
  const source = annotations["kubernetes.io/config.source"];
  return source === undefined ? /^[0-9a-f]{32}$/.test(id) : source !== "api";
}

/** Others may hold anything, secrets too. A misspelt one of ours is kept, so that it is reported. */
export function keptAnnotations(annotations: Annotations): Annotations {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => kept.test(key) || isNearMiss(key)));
}

const kept =
  /^(?:(?:[^/]+\.)?pod-qos\/.*|kubernetes\.io\/(?:(?:in|e)gress-bandwidth|config\..*)|k8s\.v1\.cni\.cncf\.io\/network-status)$/s;
