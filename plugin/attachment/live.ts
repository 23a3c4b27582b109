/** Whether a recorded pod is there still. */
import { existsSync, statSync } from "node:fs";
import { bootId } from "../kernel/linux.ts";
import { netnsId, viewOf } from "../kernel/netns.ts";
import { isHeldByAnother } from "../state/holders.ts";
import type { AttachmentRecord } from "../state/record.ts";

/** A record stays for as long as no DEL came, and its path may lead to another pod's namespace by now. */
export function isLive(stateDir: string, record: AttachmentRecord): boolean {
  return isItsOwn(stateDir, record, record.netns);
}

/**
 * Whether it may live where this process cannot look: with mounts or process numbers other than those it was recorded with. A file
 * that is unmounted is no such case: its pod is dead.
 */
export function isHidden({ netns, view }: AttachmentRecord): boolean {
  return view !== undefined && view.bootId === bootId() && view.place !== viewOf(netns)?.place;
}

/** The kernel numbers a new namespace as one that ended, so the same number is not yet the same pod. */
export function isItsOwn(stateDir: string, record: AttachmentRecord, netns: string): boolean {
  return (
    netns !== "" &&
    netnsId(netns) === record.netnsId &&
    !isHeldByAnother(stateDir, record.netnsId, record.identity)
  );
}

/**
 * One stat, for who looks at all of them again and again: false means to look closer. True may be wrong of a namespace that ended
 * and whose number and path a new pod has.
 */
export function seemsLive({ netns, netnsId: id }: AttachmentRecord): boolean {
  try {
    const { dev, ino } = statSync(netns);
    return `${dev}:${ino}` === id;
  } catch {
    return false;
  }
}

/**
 * For who undoes what ended unasked. A process whose mounts or process numbers are not the node's sees by that path what its own
 * image has there, or no namespace that was made after it started: the directory is missing, or another one, or the file is
 * there and is none. That proves nothing. No pod outlives the boot.
 */
export function lifeOf(stateDir: string, record: AttachmentRecord): "live" | "ended" | "hidden" {
  const { netns, view } = record;
  if (isLive(stateDir, record)) return "live";
  if (view !== undefined && view.place !== viewOf(netns)?.place)
    return view.bootId === bootId() ? "hidden" : "ended";
  const isAnother = netnsId(netns) !== undefined;
  const directory = netns.startsWith("/proc/") ? "/proc" : netns.slice(0, netns.lastIndexOf("/"));
  return isAnother || (!existsSync(netns) && existsSync(directory)) ? "ended" : "hidden";
}
