/** Undoing an attachment: what DEL does for one, GC for each stale one, and ADD when it fails or another is asked for. */
import { CniError, ErrorCode } from "../errors.ts";
import type { Identity } from "../datapath/names.ts";
import { ifbOf } from "../datapath/shaper.ts";
import { ownNetnsId } from "../kernel/netns.ts";
import { nodeHasLink, readNodeLink } from "../kernel/linux.ts";
import { remove } from "../kernel/remove.ts";
import type { Log } from "../log.ts";
import type { Program } from "../program/program.ts";
import { linksOf } from "../program/traits.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { isHeldByAnother } from "../state/holders.ts";
import { deleteRecord } from "../state/store.ts";
import { withoutDevice } from "./host-end.ts";
import { isItsOwn } from "./live.ts";

export type Undoing = {
  readonly stateDir: string;
  readonly identity: Identity;
  readonly record: AttachmentRecord | undefined;
  /** Where the pod's namespace is now; empty when the runtime says it is gone. */
  readonly netns: string;
};

/**
 * The record goes last: until everything is gone it is what the next try works from. For a pod that ends, what cannot be
 * removed inside it is reported and left to die with its namespace: a pod must not be able to block its own deletion.
 */
export async function undo({ stateDir, identity, record, netns }: Undoing, log?: Log): Promise<void> {
  const programs = [
    ...(record === undefined ? [] : reachable(stateDir, record, netns)),
    ...strayIfb(identity, record),
  ];
  const inPod = programs.filter(({ place }) => place === "pod");
  const onNode = programs.filter(({ place }) => place === "node");
  const [podErrors, nodeErrors] = await Promise.all([
    remove(inPod, netns),
    Promise.all([remove(onNode, netns), leaveUplink(stateDir, record)]).then(([errors, left]) =>
      left === undefined ? errors : [...errors, left],
    ),
  ]);
  if (log !== undefined) podErrors.forEach((error) => log("warn", `left in the pod: ${error.message}`));
  const fatal = log === undefined ? [...nodeErrors, ...podErrors] : nodeErrors;
  if (fatal.length > 0) throw together(fatal);
  deleteRecord(stateDir, identity, record);
}

async function leaveUplink(
  stateDir: string,
  record: AttachmentRecord | undefined,
): Promise<CniError | undefined> {
  if (record?.membership === undefined) return undefined;
  return (await import("./uplink/leave.ts")).leaveUplink(stateDir, record, record.membership);
}

/**
 * Names are reused. A path that leads to another namespace now is another pod's, or the node's own, and a host end with
 * another ifindex than ours had is another pod's. So is all that belongs to an interface that was added as another
 * attachment since.
 */
export function reachable(stateDir: string, record: AttachmentRecord, netns: string): readonly Program[] {
  const { facts, programs } = record;
  const podIsThere = isItsOwn(stateDir, record, netns) && record.netnsId !== ownNetnsId();
  const hostEnd = facts?.hostEnd;
  const hostEndIsOurs =
    hostEnd !== undefined &&
    readNodeLink(hostEnd.name)?.ifindex === hostEnd.ifindex &&
    !isHeldByAnother(stateDir, record.netnsId, record.identity);
  return programs.flatMap((program): readonly Program[] => {
    if (program.place === "pod") return podIsThere ? [program] : [];
    if (hostEndIsOurs) return [program];
    return [withoutDevice(program, hostEnd?.name)];
  });
}

/** Without a record the ifb still tells by its name and alias whose it is. */
function strayIfb(identity: Identity, record: AttachmentRecord | undefined): readonly Program[] {
  const ifb = ifbOf(identity, 0);
  const onNode = (record?.programs ?? []).filter(({ place }) => place === "node");
  const isRecorded = linksOf(onNode).length > 0;
  return isRecorded || !nodeHasLink(ifb.name) ? [] : [{ tool: "link", place: "node", objects: [ifb] }];
}

export function together(errors: readonly CniError[]): CniError {
  const [first] = errors;
  return new CniError(
    first?.code ?? ErrorCode.kernelRefused,
    errors.map(({ message }) => message).join("; "),
    errors.map(({ details }) => details).join("\n"),
  );
}
