/** Records on disk: one file per attachment, `attachments/<network>/<containerID>@<ifname>.json` under the state directory. */
import { existsSync } from "node:fs";
import type { Identity } from "../datapath/names.ts";
import { namesIn, readJson, unlinkIfThere, unwritable, writeJson } from "./file.ts";
import { hold, release } from "./holders.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { asRecord, isFromAnotherVersion, type AttachmentRecord } from "./record.ts";

const temporarySuffix = ".tmp";

export function readRecord(stateDir: string, identity: Identity): AttachmentRecord | undefined {
  const path = recordPath(stateDir, identity);
  const found = readJson(path);
  if (!isFromAnotherVersion(found)) return asRecord(found);
  // To act as if there were none would leave what it lists behind for good.
  throw new CniError(
    ErrorCode.tryAgainLater,
    `${path} was written by another version of pod-qos: put that version back, or delete the file to give up what it lists`,
  );
}

/** All that this version can read, and the paths of those that it cannot. */
export type Records = {
  readonly records: readonly AttachmentRecord[];
  readonly unreadable: readonly string[];
};

export function readRecords(stateDir: string): Records {
  const found = listNetworks(stateDir)
    .flatMap((network) => listAttachments(stateDir, network))
    .map((identity) => recordPath(stateDir, identity))
    .map((path) => ({ path, record: asRecord(readJson(path)) }));
  return {
    records: found.flatMap(({ record }) => record ?? []),
    unreadable: found.flatMap(({ path, record }) => (record === undefined && existsSync(path) ? [path] : [])),
  };
}

/** One attachment has one writer, so the name beside the record need not be random. */
export function writeRecord(stateDir: string, record: AttachmentRecord): void {
  const path = recordPath(stateDir, record.identity);
  writeJson(path, record, path + temporarySuffix);
  try {
    hold(stateDir, record.netnsId, record.identity);
  } catch (error) {
    throw unwritable(`${stateDir}/holders`, error);
  }
}

/** In place of one that is there: whose the interface is by now may be another attachment. */
export function rewriteRecord(stateDir: string, record: AttachmentRecord): void {
  const path = recordPath(stateDir, record.identity);
  writeJson(path, record, path + temporarySuffix);
}

/** `record`: what was in it, where that could be read. */
export function deleteRecord(
  stateDir: string,
  identity: Identity,
  record: Pick<AttachmentRecord, "netnsId"> | undefined,
): void {
  release(stateDir, identity, record?.netnsId);
  const path = recordPath(stateDir, identity);
  unlinkIfThere(path);
  unlinkIfThere(path + temporarySuffix);
}

/** The same interface of the same container under another network's name. A container has an interface once: it was renamed. */
export function namesakes(stateDir: string, identity: Identity): readonly Identity[] {
  return listNetworks(stateDir)
    .filter((network) => network !== identity.network)
    .map((network) => ({ ...identity, network }))
    .filter((other) => existsSync(recordPath(stateDir, other)));
}

/** Every attachment of a network that has a file here, also a torn one: GC decides what becomes of it. */
export function listAttachments(stateDir: string, network: string): readonly Identity[] {
  const names = new Set(namesIn(`${stateDir}/attachments/${network}`).map(withoutSuffixes));
  return [...names].flatMap((name) => {
    const at = name.indexOf("@");
    return at > 0 ? [{ network, containerId: name.slice(0, at), ifname: name.slice(at + 1) }] : [];
  });
}

/** As many at least as have a record. */
export function countAttachments(stateDir: string): number {
  return listNetworks(stateDir).reduce(
    (count, network) => count + namesIn(`${stateDir}/attachments/${network}`).length,
    0,
  );
}

export function listNetworks(stateDir: string): readonly string[] {
  return namesIn(`${stateDir}/attachments`);
}

/** "@" cannot be part of a container ID, so the first one ends it. */
export function recordPath(stateDir: string, { network, containerId, ifname }: Identity): string {
  return `${stateDir}/attachments/${network}/${containerId}@${ifname}.json`;
}

function withoutSuffixes(name: string): string {
  return name.replace(/\.json(\.tmp)?$/, "");
}
