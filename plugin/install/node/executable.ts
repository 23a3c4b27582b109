/** The executable in the bin directory: staged in a directory below, which no runtime watches, then renamed. */
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { CniError, ErrorCode, messageOf } from "../../errors.ts";
import { onNode } from "../../runtime/paths.ts";
import { sync } from "./sync.ts";
import { sweep, temporaryName } from "./temporary.ts";

export const executableName = "pod-qos";

export type Staged = {
  /** On the node. */
  readonly path: string;
  readonly commit: () => void;
  readonly abandon: () => void;
};

/** undefined where the one that is there has the same bytes. */
export function stageExecutable(root: string, binDir: string, source: string): Staged | undefined {
  const directory = onNode(root, binDir);
  try {
    sweep(directory);
    if (isInPlace(root, binDir, source)) return undefined;
    return staged(binDir, directory, source);
  } catch (error) {
    throw new CniError(ErrorCode.io, `${binDir}/${executableName} cannot be written: ${messageOf(error)}`);
  }
}

function staged(binDir: string, directory: string, source: string): Staged {
  const stage = temporaryName();
  const abandon = (): void => rmSync(`${directory}/${stage}`, { recursive: true, force: true });
  const fresh = `${directory}/${stage}/${executableName}`;
  try {
    mkdirSync(`${directory}/${stage}`, { mode: 0o755 });
    copyFileSync(source, fresh);
    chmodSync(fresh, 0o755);
    sync(fresh);
  } catch (error) {
    abandon();
    throw error;
  }
  return {
    path: `${binDir}/${stage}/${executableName}`,
    commit: () => {
      // A running file can be renamed over, and never be written to.
      renameSync(fresh, `${directory}/${executableName}`);
      sync(directory);
      abandon();
    },
    abandon,
  };
}

/** The same bytes, and they may be run. */
export function isInPlace(root: string, binDir: string, source: string): boolean {
  return isSame(source, onNode(root, `${binDir}/${executableName}`));
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [statSync(one), statSync(other, { throwIfNoEntry: false })];
  if (b === undefined || a.size !== b.size || (b.mode & 0o111) !== 0o111) return false;
  if (a.ino === b.ino && a.dev === b.dev) return true;
  const [left, right] = [openSync(one, "r"), openSync(other, "r")];
  try {
    return haveSameBytes(left, right);
  } finally {
    closeSync(left);
    closeSync(right);
  }
}

function haveSameBytes(left: number, right: number): boolean {
  const [a, b] = [Buffer.allocUnsafe(1 << 20), Buffer.allocUnsafe(1 << 20)];
  for (;;) {
    const [read, others] = [readSync(left, a), readSync(right, b)];
    if (read !== others || a.compare(b, 0, others, 0, read) !== 0) return false;
    if (read === 0) return true;
  }
}
