/**
 * A directory in which each process that wants to be the only one makes an entry of its own and then looks who else has one: of two
 * at once both give way and try again. An entry says whose it is, so that of a dead process holds nothing.
 */
import { readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { isObject } from "../cni/fields.ts";
import { lifeOf, ownProcess, type Process } from "../kernel/process.ts";
import { hasTexts } from "../program/whole.ts";
import { isAbsence, makeDirectory, namesIn } from "./file.ts";

/** The process that is there already, or undefined: then this one is the only one. */
export function tryToBeSole(directory: string): Process | undefined {
  const before = otherIn(directory);
  if (before !== undefined) return before;
  enter(directory);
  const other = otherIn(directory);
  if (other !== undefined) leaveSole(directory);
  return other;
}

export function leaveSole(directory: string): void {
  remove(`${directory}/${nameOf(ownProcess())}`);
}

function enter(directory: string): void {
  const own = ownProcess();
  const [target, path] = [JSON.stringify(own), `${directory}/${nameOf(own)}`];
  try {
    symlinkSync(target, path);
  } catch (error) {
    if (!isAbsence(error)) throw error;
    makeDirectory(directory);
    symlinkSync(target, path);
  }
}

/** One that lives; what dead ones left is taken away. */
function otherIn(directory: string): Process | undefined {
  const mine = nameOf(ownProcess());
  for (const name of namesIn(directory).filter((each) => each !== mine)) {
    const path = `${directory}/${name}`;
    const other = processIn(path);
    // Whether a process of another pid namespace has ended cannot be seen; all that enter belong into the node's.
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
    // Another process was faster.
  }
}

function nameOf({ pid, startTime }: Process): string {
  return `${pid}.${startTime}`;
}
