/**
 * Whose a pod's interface is now: `holders/<namespace>@<interface>` is a link that says which attachment was added there last.
 * The kernel gives a namespace that ended to the next one, number and all, and paths are used again; so a record of a pod that
 * ended without DEL can look like one of the pod that lives there.
 */
import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import type { Identity } from "../datapath/names.ts";
import { namesIn, unlinkIfThere } from "./file.ts";

export function hold(stateDir: string, netnsId: string, identity: Identity): void {
  if (holds(stateDir, netnsId, identity)) return;
  const path = pathOf(stateDir, netnsId, identity);
  mkdirSync(directoryOf(stateDir), { recursive: true, mode: 0o700 });
  // One pod has one ADD at a time, so a draft that is there is what a killed one left.
  rmSync(draftOf(path), { force: true });
  symlinkSync(nameOf(identity), draftOf(path));
  renameSync(draftOf(path), path);
}

/** Nobody is no other: an older build did not write down who. */
export function isHeldByAnother(stateDir: string, netnsId: string, identity: Identity): boolean {
  const holder = read(pathOf(stateDir, netnsId, identity));
  return holder !== undefined && holder !== nameOf(identity);
}

/** Without a record the namespace is not known, and every holder is asked. */
export function release(stateDir: string, identity: Identity, netnsId: string | undefined): void {
  const directory = directoryOf(stateDir);
  const paths =
    netnsId === undefined
      ? namesIn(directory).map((name) => `${directory}/${name}`)
      : [pathOf(stateDir, netnsId, identity), draftOf(pathOf(stateDir, netnsId, identity))];
  for (const path of paths) if (read(path) === nameOf(identity)) unlinkIfThere(path);
}

function holds(stateDir: string, netnsId: string, identity: Identity): boolean {
  return read(pathOf(stateDir, netnsId, identity)) === nameOf(identity);
}

function nameOf({ network, containerId, ifname }: Identity): string {
  return `${network}/${containerId}@${ifname}`;
}

function directoryOf(stateDir: string): string {
  return `${stateDir}/holders`;
}

function pathOf(stateDir: string, netnsId: string, { ifname }: Identity): string {
  return `${directoryOf(stateDir)}/${netnsId}@${ifname}`;
}

function draftOf(path: string): string {
  return `${path}.tmp`;
}

function read(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
