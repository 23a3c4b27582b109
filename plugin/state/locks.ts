/**
 * Who works at an attachment: `locks/<attachment>.<pid>.<start time>` is a link that says who and since when. Everybody makes an
 * entry of his own and then looks who else has one: of two at once the later sees the other. An entry belongs to one process
 * for ever, so that of a dead one can be removed by anybody at any time, and nobody's but his.
 *
 * A link is there at once and whole, target and all.
 */
import { readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { isObject } from "../cni/fields.ts";
import { ifbName, type Identity } from "../datapath/names.ts";
import { isAbsence, makeDirectory, namesIn } from "./file.ts";

export type LockEntry = {
  readonly name: string;
  readonly pid: number;
  readonly pidNamespace: string;
  readonly startTime: string;
  readonly bootId: string;
  readonly verb: string;
  /** Seconds since the boot. */
  readonly since: number;
};

/** `name`: undefined for those of all attachments. */
export function lockEntries(stateDir: string, identity: Identity | undefined): readonly LockEntry[] {
  const beginning = identity === undefined ? "" : `${keyOf(identity)}.`;
  return namesIn(directoryOf(stateDir))
    .filter((name) => name.startsWith(beginning))
    .flatMap((name) => {
      const said = saidBy(`${directoryOf(stateDir)}/${name}`);
      return said === undefined ? [] : [{ ...said, name }];
    });
}

export function enterLock(
  stateDir: string,
  identity: Identity,
  { pid, startTime, ...more }: Omit<LockEntry, "name">,
): string {
  const name = `${keyOf(identity)}.${pid}.${startTime}`;
  const path = `${directoryOf(stateDir)}/${name}`;
  const target = JSON.stringify({ pid, startTime, ...more });
  try {
    symlinkSync(target, path);
  } catch (error) {
    if (!isAbsence(error)) throw error;
    makeDirectory(directoryOf(stateDir));
    symlinkSync(target, path);
  }
  return name;
}

/** An entry that cannot be removed says no more than that its process has ended: that keeps nobody from his work. */
export function leaveLock(stateDir: string, name: string): void {
  try {
    unlinkSync(`${directoryOf(stateDir)}/${name}`);
  } catch {
    // Gone already, or the file system is read-only.
  }
}

/** The hash that an ifb of it is named by: network, container and interface together may be longer than a file name can be. */
function keyOf(identity: Identity): string {
  return ifbName(identity);
}

function directoryOf(stateDir: string): string {
  return `${stateDir}/locks`;
}

/** undefined of one that was left in the meantime, and of what is no entry of ours. */
function saidBy(path: string): Omit<LockEntry, "name"> | undefined {
  try {
    const said: unknown = JSON.parse(readlinkSync(path));
    return isObject(said) && typeof said["pid"] === "number" && typeof said["since"] === "number"
      ? (said as Omit<LockEntry, "name">)
      : undefined;
  } catch {
    return undefined;
  }
}
