/** Small JSON files that are whole or not there: written beside their place, then renamed. */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { CniError, ErrorCode, messageOf } from "../errors.ts";

/** undefined for a file that is missing, torn or not JSON. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** `temporary` must have one writer at a time; a fixed name means that what a killed writer left is overwritten. */
export function writeJson(path: string, value: unknown, temporary: string): void {
  try {
    makeDirectory(parentOf(path));
    writeFileSync(temporary, JSON.stringify(value), { mode: 0o600 });
    renameSync(temporary, path);
  } catch (error) {
    removed(temporary);
    throw unwritable(path, error);
  }
}

/** None of a directory that is not there; one that cannot be read is not the same. */
export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isAbsence(error)) return [];
    throw new CniError(ErrorCode.io, `${directory} cannot be read: ${messageOf(error)}`);
  }
}

/** Also where a mistyped stateDir leads nowhere: that must not block a pod's deletion. */
export function isAbsence(error: unknown): boolean {
  return absences.has((error as NodeJS.ErrnoException).code);
}

const absences: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"]);

/** Of a file or link that may be gone already. */
export function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isAbsence(error)) throw unremovable(path, error);
  }
}

function unremovable(path: string, error: unknown): CniError {
  return new CniError(
    ErrorCode.io,
    `${path} cannot be removed: ${messageOf(error)}`,
    '"stateDir" of the conf must be a directory that can be written: what was made for the pod is gone, its record is not',
  );
}

export function unwritable(path: string, error: unknown): CniError {
  return new CniError(
    ErrorCode.io,
    `${path} cannot be written: ${messageOf(error)}`,
    '"stateDir" of the conf must be a directory that can be written, or a place for one; the default is /run/pod-qos',
  );
}

/** Of a full disk, every byte counts. */
function removed(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It never came to be, or there is no place for it.
  }
}

/** Not with `recursive`: where a parent exists and takes no directories, as /proc does, Node tries for ever. */
export function makeDirectory(path: string): void {
  if (made(path)) return;
  makeDirectory(parentOf(path));
  if (!made(path)) throw new Error(`there can be no directory ${path}`);
}

/** false where the parent is missing, or says that it is. */
function made(path: string): boolean {
  if (path === "" || isDirectory(path)) return true;
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    // Somebody else was faster.
    if (isDirectory(path)) return true;
    throw error;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
