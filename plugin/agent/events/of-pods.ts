/** Pods whose annotations of ours nobody acts upon. Pure. */
import { podIds, type KnownPod } from "../../knowledge/pod.ts";
import type { AttachmentRecord } from "../../state/record.ts";

export type Unserved = { readonly pod: KnownPod; readonly note: string };

/** Only of what runs: before that its networks may still be on their way. */
export function unservedIn(
  pods: Iterable<KnownPod>,
  records: readonly AttachmentRecord[],
): readonly Unserved[] {
  const asking = [...new Set(pods)].filter((pod) => pod.phase === "Running" && ownKeys(pod).length > 0);
  if (asking.length === 0) return [];
  const served = servedBy(records);
  return asking.flatMap((pod) => {
    const interfaces = new Set(namesOf(pod).flatMap((name) => served.get(name) ?? []));
    const note = noteFor(pod, interfaces);
    return note === undefined ? [] : [{ pod, note }];
  });
}

function noteFor(pod: KnownPod, interfaces: ReadonlySet<string>): string | undefined {
  const keys = ownKeys(pod);
  if (pod.isOnHostNetwork === true)
    return `${inWords(keys)}: the pod uses the network of its node (hostNetwork), for which no CNI plugin is called`;
  if (interfaces.size === 0)
    return `${inWords(keys)}: none of the pod's networks has pod-qos in its chain, or none had when the pod started`;
  const elsewhere = keys.filter((key) => {
    const ifname = interfaceIn(key);
    return ifname !== undefined && !interfaces.has(ifname);
  });
  return elsewhere.length === 0
    ? undefined
    : `${inWords(elsewhere)}: the pod has no such interface, or its network has no pod-qos in its chain`;
}

function inWords(keys: readonly string[]): string {
  return keys.length === 1
    ? `annotation ${keys.join("")} does nothing`
    : `annotations ${keys.join(", ")} do nothing`;
}

const own = /^(?:([^/]+)\.)?pod-qos\//;

function ownKeys({ annotations }: KnownPod): readonly string[] {
  return Object.keys(annotations)
    .filter((key) => own.test(key))
    .toSorted();
}

function interfaceIn(key: string): string | undefined {
  return own.exec(key)?.[1];
}

/** Interfaces by what their records call the pod. A build that wrote no UID wrote the name. */
function servedBy(records: readonly AttachmentRecord[]): ReadonlyMap<string, readonly string[]> {
  const served = new Map<string, readonly string[]>();
  for (const { asked, pod, identity } of records) {
    const name = asked?.uid ?? pod.replace(/^pod /, "");
    served.set(name, [...(served.get(name) ?? []), identity.ifname]);
  }
  return served;
}

function namesOf(pod: KnownPod): readonly string[] {
  return [...podIds(pod), `${pod.namespace}/${pod.name}`];
}
