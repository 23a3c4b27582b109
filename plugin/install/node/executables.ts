/** The executable wherever a node has it, and its removal. */
import { existsSync, lstatSync, rmSync } from "node:fs";
import { onNode } from "../../runtime/paths.ts";
import { executableName } from "./executable.ts";
import { sync } from "./sync.ts";
import { sweep } from "./temporary.ts";

/** Those that can be started. */
export function executables(root: string, binDirs: readonly string[]): readonly string[] {
  return binDirs
    .map((binDir) => `${binDir}/${executableName}`)
    .filter((path) => existsSync(onNode(root, path)));
}

/** Which paths have gone. The entry of the directory goes: where that is a link, what it leads to is somebody's. */
export function removeExecutables(root: string, binDirs: readonly string[]): readonly string[] {
  const gone: string[] = [];
  for (const binDir of binDirs)
    if (removeFrom(onNode(root, binDir))) gone.push(`${binDir}/${executableName}`);
  return gone;
}

/** false where it is not there: one bin directory may be a link to another. */
function removeFrom(directory: string): boolean {
  sweep(directory);
  const path = `${directory}/${executableName}`;
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return false;
  rmSync(path, { force: true });
  sync(directory);
  return true;
}
