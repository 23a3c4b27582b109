/** Whether a recorded pod is there still. */
import { netnsId } from "../kernel/netns.ts";
import type { AttachmentRecord } from "../state/record.ts";

/** A record stays for as long as no DEL came, and its path may lead to another pod's namespace by now. */
export function isLive({ netns, netnsId: recorded }: Pick<AttachmentRecord, "netns" | "netnsId">): boolean {
  return netnsId(netns) === recorded;
}
