/** What a person calls an attachment. Pure. */
import type { AttachmentRecord } from "../state/record.ts";

/** "prod/web-1 eth0" */
export function nameOf({ pod, identity }: AttachmentRecord): string {
  return `${podOf(pod)} ${identity.ifname}`;
}

export function podOf(pod: string): string {
  return pod.replace(/^(pod|container) /, "");
}
