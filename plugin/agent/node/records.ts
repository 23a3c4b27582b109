/** The records of this node by attachment, read again only where the file has changed. */
import { statSync } from "node:fs";
import { policyDirOf } from "./confs.ts";
import type { JsonObject } from "../../cni/fields.ts";
import type { Identity } from "../../datapath/names.ts";
import type { AttachmentRecord } from "../../state/record.ts";
import { recordPath } from "../../state/record-file.ts";
import { listAttachments, listNetworks, readRecord } from "../../state/store.ts";

export type Records = ReadonlyMap<string, Entry>;

export type Entry = {
  readonly stamp: string;
  readonly changedMs: number;
  /** undefined: torn, or of a version that we do not know. */
  readonly record: AttachmentRecord | undefined;
};

export function readAll(stateDir: string, before: Records): Records {
  const identities = listNetworks(stateDir).flatMap((network) => listAttachments(stateDir, network));
  return new Map(
    identities.flatMap((identity) => {
      const key = keyOf(identity);
      const entry = entryOf(stateDir, identity, before.get(key));
      return entry === undefined ? [] : [[key, entry] as const];
    }),
  );
}

export function keyOf({ network, containerId, ifname }: Identity): string {
  return `${network}/${containerId}@${ifname}`;
}

/** The attachments whose record has changed, or is new. */
export function thatDiffer(before: Records, now: Records): readonly string[] {
  return [...now].flatMap(([key, { stamp }]) => (before.get(key)?.stamp === stamp ? [] : [key]));
}

export function recordsOf(records: Records, network?: string): readonly AttachmentRecord[] {
  return [...records.values()]
    .flatMap(({ record }) => record ?? [])
    .filter(({ identity }) => network === undefined || identity.network === network);
}

/** Attachments that have something on that device of the node. */
export function onDevice(records: Records, device: string): readonly string[] {
  return [...records].flatMap(([key, { record }]) => (record?.facts?.hostEnd?.name === device ? [key] : []));
}

/** Networks that have an attachment here. */
export function networksOf(records: Records): readonly string[] {
  return [...new Set(recordsOf(records).map(({ identity }) => identity.network))];
}

/** The conf that the last ADD of a network had: for networks that the directory has no conf of. */
export function lastConfOf(records: Records, network: string): JsonObject | undefined {
  return recordsOf(records, network).find(({ asked }) => asked?.conf !== undefined)?.asked?.conf;
}

export function policyDirsOf(records: Records): readonly string[] {
  return recordsOf(records).flatMap(({ asked }) => policyDirOf(asked?.conf) ?? []);
}

/** A record is written beside and renamed, so a changed one is another file. */
function entryOf(stateDir: string, identity: Identity, before: Entry | undefined): Entry | undefined {
  const stat = statSync(recordPath(stateDir, identity), { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const stamp = [stat.ino, stat.mtimeMs, stat.size].join(" ");
  if (before?.stamp === stamp) return before;
  return { stamp, changedMs: stat.mtimeMs, record: recordOrNone(stateDir, identity) };
}

function recordOrNone(stateDir: string, identity: Identity): AttachmentRecord | undefined {
  try {
    return readRecord(stateDir, identity);
  } catch {
    return undefined;
  }
}
