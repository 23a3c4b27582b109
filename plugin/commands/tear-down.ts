/** Undoing an attachment: what DEL does for one, GC for each stale one, and ADD when it fails or is told something else. */
import { CniError, ErrorCode } from "../errors.ts";
import type { Identity } from "../datapath/names.ts";
import { ifbOf } from "../datapath/shaper.ts";
import { netnsId, ownNetnsId } from "../kernel/netns.ts";
import { nodeHasLink, readNodeLink } from "../kernel/linux.ts";
import { remove } from "../kernel/remove.ts";
import type { Log } from "../log.ts";
import type { Program } from "../program/program.ts";
import type { Member } from "../program/uplink/objects.ts";
import { claimedByOthers } from "../state/members.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { deleteRecord } from "../state/store.ts";

export type Doomed = {
  readonly stateDir: string;
  readonly identity: Identity;
  readonly record: AttachmentRecord | undefined;
  /** Where the pod's namespace is now; empty when the runtime says it is gone. */
  readonly netns: string;
};

/**
 * The record goes last: until everything is gone it is what the next try works from. For a pod that ends, what cannot be
 * removed inside it is told and left to die with its namespace: a pod must not be able to block its own deletion.
 */
export async function tearDown({ stateDir, identity, record, netns }: Doomed, log?: Log): Promise<void> {
  const programs = [...(record === undefined ? [] : reachable(record, netns)), ...strayIfb(identity, record)];
  const inPod = programs.filter(({ place }) => place === "pod");
  const onNode = programs.filter(({ place }) => place === "node");
  const [podErrors, nodeErrors] = await Promise.all([
    remove(inPod, netns),
    Promise.all([
      remove(onNode, netns),
      leaveUplink(stateDir, record?.membership?.members ?? [], identity),
    ]).then(([errors, left]) => (left === undefined ? errors : [...errors, left])),
  ]);
  if (log !== undefined) podErrors.forEach((error) => log("warn", `left in the pod: ${error.message}`));
  const fatal = log === undefined ? [...nodeErrors, ...podErrors] : nodeErrors;
  if (fatal.length > 0) throw together(fatal);
  deleteRecord(stateDir, identity);
}

/** The uplink itself stays: it is the node's. */
export async function leaveUplink(
  stateDir: string,
  members: readonly Member[],
  owner: Identity,
): Promise<CniError | undefined> {
  if (members.length === 0) return undefined;
  const { leaveSets } = await import("../kernel/uplink/members.ts");
  return leaveSets(members, (asked) => claimedByOthers(stateDir, asked, owner));
}

/**
 * Names are reused. A path that leads to another namespace now is another pod's, or the node's own, and a host end with
 * another ifindex than ours had is another pod's.
 */
function reachable(
  { netnsId: recorded, facts, programs }: AttachmentRecord,
  netns: string,
): readonly Program[] {
  const podIsThere = netns !== "" && netnsId(netns) === recorded && recorded !== ownNetnsId();
  const hostEnd = facts?.hostEnd;
  const hostEndIsOurs = hostEnd !== undefined && readNodeLink(hostEnd.name)?.ifindex === hostEnd.ifindex;
  return programs.flatMap((program): readonly Program[] => {
    if (program.place === "pod") return podIsThere ? [program] : [];
    if (program.tool !== "tc" || hostEndIsOurs) return [program];
    return [{ ...program, objects: program.objects.filter(({ dev }) => dev !== hostEnd?.name) }];
  });
}

/** Without a record the ifb still tells by its name and alias whose it is. */
function strayIfb(identity: Identity, record: AttachmentRecord | undefined): readonly Program[] {
  const ifb = ifbOf(identity, 0);
  const recorded = record?.programs.some(({ tool, place }) => tool === "link" && place === "node") ?? false;
  return recorded || !nodeHasLink(ifb.name) ? [] : [{ tool: "link", place: "node", objects: [ifb] }];
}

function together(errors: readonly CniError[]): CniError {
  const [first] = errors;
  return new CniError(
    first?.code ?? ErrorCode.kernelRefused,
    errors.map(({ message }) => message).join("; "),
    errors.map(({ details }) => details).join("\n"),
  );
}
