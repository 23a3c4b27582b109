/** `<stateDir>/live/`: the files that the node's agent writes for ADD, and whether the directory can be trusted. */
import { statSync, type Stats } from "node:fs";
import { CniError, ErrorCode } from "../../errors.ts";
import { makeDirectory } from "../file.ts";

export function liveDirectory(stateDir: string): string {
  return `${stateDir}/live`;
}

/** Before writing: makes it, and refuses one that others could write to. */
export function assertLivePlace(stateDir: string): void {
  makeDirectory(`${liveDirectory(stateDir)}/pods`);
  const fault = placeFault(stateDir);
  if (fault !== undefined) throw new CniError(ErrorCode.io, fault);
}

/** Whether an agent has ever written here. The one look that a node without an agent costs. */
export function hasLivePlace(stateDir: string): boolean {
  return statOf(liveDirectory(stateDir))?.isDirectory() ?? false;
}

/** Why the files there cannot be trusted; undefined where they can. */
export function placeFault(stateDir: string): string | undefined {
  return [stateDir, liveDirectory(stateDir)].map(faultOf).find((fault) => fault !== undefined);
}

const writableByOthers = 0o022;

function faultOf(path: string): string | undefined {
  const stat = statOf(path);
  if (stat === undefined) return `${path} is not there`;
  if (stat.uid !== 0 && stat.uid !== process.geteuid?.()) {
    return `${path} belongs to user ${stat.uid}: give it to root, or what others write there would limit pods`;
  }
  if ((stat.mode & writableByOthers) === 0) return undefined;
  const mode = (stat.mode & 0o7777).toString(8);
  return `${path} can be written by others than its owner (mode ${mode}): take that away (chmod go-w ${path})`;
}

/** A path that leads nowhere is none: who writes there says what is wrong with it. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
