/**
 * A record's file, `attachments/<network>/<containerID>@<ifname>.json` under the state directory, and how it is written. Reading it
 * (store.ts) takes all that knows what may stand in one, which an ADD of a pod without requests does not load.
 */
import { existsSync } from "node:fs";
import type { Identity } from "../datapath/names.ts";
import { unwritable, writeJson } from "./file.ts";
import { hold } from "./holders.ts";
import type { AttachmentRecord } from "./record.ts";

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

export function hasRecord(stateDir: string, identity: Identity): boolean {
  return existsSync(recordPath(stateDir, identity));
}

/** Whether there has ever been one since the state directory was made. */
export function hasRecords(stateDir: string): boolean {
  return existsSync(`${stateDir}/attachments`);
}

/** "@" cannot be part of a container ID, so the first one ends it. */
export function recordPath(stateDir: string, { network, containerId, ifname }: Identity): string {
  return `${stateDir}/attachments/${network}/${containerId}@${ifname}.json`;
}

export const temporarySuffix = ".tmp";
