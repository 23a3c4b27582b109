/**
 * `live/lock/`: which agents there are, an entry each, made by the algorithm of the attachments' locks: everybody makes an entry
 * of his own and then looks who else has one. Of two at once both give way and try again.
 */
import { readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { isObject } from "../../cni/fields.ts";
import { lifeOf, ownProcess, type Process } from "../../kernel/process.ts";
import { hasTexts } from "../../program/whole.ts";
import { makeDirectory, namesIn } from "../file.ts";
import { liveDirectory } from "./place.ts";

/** The process that is there already, or undefined: then this one is the only one. */
export function tryToBeSole(stateDir: string): Process | undefined {
  const before = otherAgent(stateDir);
  if (before !== undefined) return before;
  makeDirectory(directoryOf(stateDir));
  const own = ownProcess();
  symlinkSync(JSON.stringify(own), pathOf(stateDir, nameOf(own)));
  const other = otherAgent(stateDir);
  if (other !== undefined) leaveSole(stateDir);
  return other;
}

export function leaveSole(stateDir: string): void {
  remove(pathOf(stateDir, nameOf(ownProcess())));
}

/** One that lives; what dead ones left is taken away. */
function otherAgent(stateDir: string): Process | undefined {
  const mine = nameOf(ownProcess());
  for (const name of namesIn(directoryOf(stateDir)).filter((each) => each !== mine)) {
    const path = pathOf(stateDir, name);
    const other = processIn(path);
    // Whether a process of another pid namespace has ended cannot be seen; an agent belongs into the node's.
    if (other !== undefined && lifeOf(other) === "running") return other;
    remove(path);
  }
  return undefined;
}

function processIn(path: string): Process | undefined {
  try {
    const said: unknown = JSON.parse(readlinkSync(path));
    const isWhole =
      isObject(said) &&
      typeof said["pid"] === "number" &&
      hasTexts(said, ["pidNamespace", "startTime", "bootId"]);
    return isWhole ? (said as unknown as Process) : undefined;
  } catch {
    return undefined;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another agent was faster.
  }
}

function nameOf({ pid, startTime }: Process): string {
  return `${pid}.${startTime}`;
}

function directoryOf(stateDir: string): string {
  return `${liveDirectory(stateDir)}/lock`;
}

function pathOf(stateDir: string, name: string): string {
  return `${directoryOf(stateDir)}/${name}`;
}
