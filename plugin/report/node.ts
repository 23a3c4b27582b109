/** What this node has, as values: its attachments and uplinks by our records, and a reading of their counters. */
import { accessSync, constants, existsSync } from "node:fs";
import { recordPath } from "../state/record-file.ts";
import { listAttachments, listNetworks, readRecord } from "../state/store.ts";
import { listUplinks, readStanding } from "../state/uplinks.ts";
import { isBare, type AttachmentRecord } from "../state/record.ts";
import type { Identity } from "../datapath/names.ts";
import { messageOf } from "../errors.ts";
import type { UplinkClass } from "../policy/uplink/class.ts";
import type { Uplink } from "../policy/uplink/uplink.ts";
import {
  processesByNetns,
  readClassCounters,
  readDrops,
  readHostEnd,
  readThroughProcess,
  type LinkCounters,
} from "../kernel/counters.ts";
import { objectsOf } from "../program/program.ts";
import { dropsOf } from "../program/tc/drops.ts";
import type { ClassCounters } from "../program/tc/class-counters.ts";
import type { Troubled } from "../state/live/troubles.ts";
import { nameOf } from "./names.ts";
import { readStepsOf } from "./step.ts";

export type Node = {
  readonly attachments: readonly AttachmentRecord[];
  /** Sentences about records that say nothing to us. */
  readonly unreadable: readonly string[];
  readonly uplinks: readonly StandingUplink[];
  /** What the agent that is at work says is not in step; null where there is none. */
  readonly troubles: readonly Troubled[] | null;
};

/** What has counters. */
export type Counted = Pick<Node, "attachments" | "uplinks">;

/** `former`: classes that it had before. */
export type StandingUplink = Uplink & {
  readonly network: string;
  readonly former?: readonly UplinkClass[] | undefined;
};

/** `which`: a pod that asks for nothing has a record as well, and nothing to show but itself, or what is pending. */
export function readNode(stateDir: string, which: "with limits" | "all" = "with limits"): Node {
  assertReadable(stateDir);
  const read = listNetworks(stateDir)
    .flatMap((network) => listAttachments(stateDir, network))
    .map((identity) => recordOrFault(stateDir, identity));
  const attachments = read
    .filter((one) => typeof one === "object")
    .filter((record) => which === "all" || !isBare(record) || record.pending !== undefined);
  return {
    attachments: attachments.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b))),
    unreadable: read.filter((one) => typeof one === "string"),
    uplinks: standingUplinks(stateDir),
    troubles: readStepsOf(stateDir),
  };
}

export function standingUplinks(stateDir: string): readonly StandingUplink[] {
  return listUplinks(stateDir).flatMap((device) => {
    const standing = readStanding(stateDir, device);
    return standing === undefined
      ? []
      : [{ ...standing.uplink, network: standing.network, former: standing.former }];
  });
}

function recordOrFault(stateDir: string, identity: Identity): AttachmentRecord | string | undefined {
  try {
    return readRecord(stateDir, identity) ?? tornRecord(recordPath(stateDir, identity));
  } catch (error) {
    return messageOf(error);
  }
}

/** Of an ADD that has only begun to write it there is no record yet. */
function tornRecord(path: string): string | undefined {
  return existsSync(path)
    ? `${path} is torn: what its pod has is not known; restart that pod, for DEL and GC undo what they find without it`
    : undefined;
}

/** The records are root's: to somebody else an empty node would be a lie. */
export function assertReadable(stateDir: string): void {
  try {
    accessSync(stateDir, constants.R_OK | constants.X_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error(
      `no such state directory: ${stateDir}. The first pod makes it; --state-dir names another`,
      { cause: error },
    );
  }
}

export type Reading = {
  readonly atMs: number;
  /** By the attachment's place in `attachments`; undefined where nothing can be read without entering the pod. */
  readonly links: readonly (LinkCounters | undefined)[];
  readonly classes: ReadonlyMap<string, readonly ClassCounters[]>;
};

export async function readCounters({ attachments, uplinks }: Counted): Promise<Reading> {
  const needsProcess = attachments.some(({ facts }) => facts?.hostEnd === undefined);
  const processes = needsProcess ? processesByNetns() : undefined;
  const classes = await Promise.all(
    uplinks.map(async ({ device }) => [device, await readClassCounters(device)] as const),
  );
  const links = attachments.map(({ facts, netnsId, identity }) => {
    if (facts?.hostEnd !== undefined) return readHostEnd(facts.hostEnd.name);
    const pid = processes?.get(netnsId);
    return pid === undefined ? undefined : readThroughProcess(pid, identity.ifname);
  });
  return { atMs: performance.now(), links, classes: new Map(classes) };
}

/**
 * By the attachment's place: packets its limits dropped; undefined where that would take a process in the pod and `depth` says
 * not to start one.
 */
export async function readAllDrops(
  { attachments }: Pick<Counted, "attachments">,
  depth: "node" | "pods",
): Promise<readonly (number | undefined)[]> {
  const parts = attachments.map(({ programs }) => ({
    onNode: objectsOf(programs, "tc", ["node"]),
    inPod: objectsOf(programs, "tc", ["pod"]),
  }));
  const node = await readDrops(
    "node",
    "",
    parts.flatMap(({ onNode }) => onNode),
  );
  const all: (number | undefined)[] = [];
  for (const [at, { netns }] of attachments.entries()) {
    const { onNode = [], inPod = [] } = parts[at] ?? {};
    const outside = dropsOf(onNode, node);
    if (inPod.length === 0) all.push(outside);
    else if (depth === "node") all.push(undefined);
    else all.push(outside + dropsOf(inPod, await readDrops("pod", netns, inPod)));
  }
  return all;
}
