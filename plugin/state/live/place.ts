/** `<stateDir>/live/`: what the node's agent writes down for those who add pods, and whether a place is fit for it. */
import { statSync } from "node:fs";
import { CniError, ErrorCode } from "../../errors.ts";
import { makeDirectory } from "../file.ts";

export function liveDirectory(stateDir: string): string {
  return `${stateDir}/live`;
}

/** For who writes there: made where it is not, and refused where others could write. */
export function assertLivePlace(stateDir: string): void {
  makeDirectory(`${liveDirectory(stateDir)}/pods`);
  const fault = placeFault(stateDir);
  if (fault !== undefined) throw new CniError(ErrorCode.io, fault);
}

/** Whether an agent has ever written here. The one look that a node without an agent costs. */
export function hasLivePlace(stateDir: string): boolean {
  return statSync(liveDirectory(stateDir), { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Why what stands there cannot be believed; undefined where it can. */
export function placeFault(stateDir: string): string | undefined {
  return [stateDir, liveDirectory(stateDir)].map(faultOf).find((fault) => fault !== undefined);
}

const writableByOthers = 0o022;

function faultOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return `${path} is not there`;
  if (stat.uid !== 0 && stat.uid !== process.geteuid?.()) {
    return `${path} belongs to user ${stat.uid}: give it to root, or what others write there would limit pods`;
  }
  if ((stat.mode & writableByOthers) === 0) return undefined;
  const mode = (stat.mode & 0o7777).toString(8);
  return `${path} can be written by others than its owner (mode ${mode}): take that away (chmod go-w ${path})`;
}
