/** The records on disk, read, listed and deleted. */
import { existsSync } from "node:fs";
import type { Identity } from "../datapath/names.ts";
import { namesIn, readJson, unlinkIfThere } from "./file.ts";
import { release } from "./holders.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { recordPath, temporarySuffix } from "./record-file.ts";
import { asRecord, isFromAnotherVersion, type AttachmentRecord } from "./record.ts";

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

function withoutSuffixes(name: string): string {
  return name.replace(/\.json(\.tmp)?$/, "");
}
