/** What a person calls an attachment. Pure. */
import { isObject, isPresent } from "../cni/fields.ts";
import { hostAddresses } from "../datapath/uplink/sets.ts";
import type { LabelSource } from "../knowledge/knowledge.ts";
import type { AttachmentRecord } from "../state/record.ts";

/** "prod/web-1 eth0" */
export function nameOf({ pod, identity }: AttachmentRecord): string {
  return `${podOf(pod)} ${identity.ifname}`;
}

/** Whose word a pod's labels were when it was decided: the runtime's stand in what ADD was asked. */
export function labelSourceOf({ labelsFrom, asked }: AttachmentRecord): LabelSource {
  if (labelsFrom !== undefined) return labelsFrom;
  const args = asked?.conf?.["args"];
  const cni = isObject(args) ? args["cni"] : undefined;
  return isObject(cni) && isPresent(cni, "labels") ? "runtime" : "unknown";
}

/** The attachment's own, without prefix. An older build wrote down only those that are in sets. */
export function addressesOf({ membership, asked }: AttachmentRecord): readonly string[] {
  const known = membership?.addresses ?? asked?.addresses;
  return known === undefined
    ? (membership?.members ?? []).map(({ address }) => address)
    : hostAddresses(known);
}

export function podOf(pod: string): string {
  return pod.replace(/^(pod|container) /, "");
}
