/**
 * Changes of a conf directory, made so that a runtime sees the old file or the new one, and sees that something changed: containerd
 * reloads at a write, a removal and a rename within the directory, and at nothing else.
 */
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { CniError, ErrorCode, messageOf } from "../../errors.ts";
import type { Change } from "../chain/model.ts";
import { onNode } from "../../runtime/paths.ts";
import { sync } from "./sync.ts";
import { sweep, temporaryName } from "./temporary.ts";

export type Staged = { readonly commit: () => void; readonly abandon: () => void };

/** Everything is on the disk before anything counts: where there is no room for all of it, nothing has changed. */
export function stageChanges(root: string, confDir: string, changes: readonly Change[]): Staged {
  const directory = onNode(root, confDir);
  const done: Staged[] = [];
  const abandon = (): void => done.forEach((each) => each.abandon());
  try {
    sweep(directory);
    if (changes.length > 0) accessSync(directory, constants.W_OK);
    for (const [at, { file, text }] of changes.entries()) {
      const target = onNode(root, `${confDir}/${file}`);
      const temporary = `${directory}/${temporaryName(at)}`;
      done.push(
        text === undefined
          ? removing(target, directory, temporary)
          : writing(target, directory, temporary, text),
      );
    }
  } catch (error) {
    abandon();
    throw unwritable(confDir, error);
  }
  return { abandon, commit: () => commit(confDir, directory, done, abandon) };
}

function commit(confDir: string, directory: string, done: readonly Staged[], abandon: () => void): void {
  try {
    for (const each of done) each.commit();
    if (done.length > 0) sync(directory);
  } catch (error) {
    abandon();
    throw unwritable(confDir, error);
  }
}

function writing(target: string, directory: string, temporary: string, text: string): Staged {
  const parent = dirname(target);
  if (parent === directory) return renamed(put(temporary, target, text), target);
  // A new directory of drop-ins is watched by nobody: its rename is what the runtime sees.
  if (dirname(parent) === directory && !existsSync(parent)) {
    mkdirSync(temporary, { mode: 0o755 });
    put(`${temporary}/${basename(target)}`, target, text);
    return renamed(temporary, parent);
  }
  const beside = `${parent}/${basename(temporary)}`;
  const { commit: rename, abandon } = renamed(put(beside, target, text), target);
  return {
    abandon,
    commit: () => {
      rename();
      sync(parent);
      stir(temporary);
    },
  };
}

/** With the mode and the owner of what is there; a new one is root's alone. */
function put(path: string, target: string, text: string): string {
  const there = statSync(target, { throwIfNoEntry: false });
  try {
    writeFileSync(path, text, { mode: 0o600 });
    if (there !== undefined) {
      chownSync(path, there.uid, there.gid);
      chmodSync(path, there.mode & 0o7777);
    }
    sync(path);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  }
  return path;
}

function renamed(temporary: string, target: string): Staged {
  return {
    commit: () => renameSync(temporary, target),
    abandon: () => rmSync(temporary, { recursive: true, force: true }),
  };
}

function removing(target: string, directory: string, temporary: string): Staged {
  const parent = dirname(target);
  return {
    abandon: () => undefined,
    commit: () => {
      if (parent === directory) return unlinkSync(target);
      if (readdirSync(parent).length > 1) {
        unlinkSync(target);
        return stir(temporary);
      }
      // The last of its directory: at once, and seen by the runtime.
      renameSync(parent, temporary);
      rmSync(temporary, { recursive: true });
    },
  };
}

/** Something that a runtime sees, where the change itself was in another directory. */
function stir(temporary: string): void {
  writeFileSync(temporary, "");
  unlinkSync(temporary);
}

function unwritable(confDir: string, error: unknown): CniError {
  return new CniError(ErrorCode.io, `${confDir} cannot be written: ${messageOf(error)}`);
}
