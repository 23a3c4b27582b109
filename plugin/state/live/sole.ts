/** `live/lock/`: which agents there are, of which one is at work. */
import type { Process } from "../../kernel/process.ts";
import { leaveSole as leave, tryToBeSole as tryToBe } from "../sole.ts";
import { liveDirectory } from "./place.ts";

/** The agent that is there already, or undefined: then this one is the only one. */
export function tryToBeSole(stateDir: string): Process | undefined {
  return tryToBe(directoryOf(stateDir));
}

export function leaveSole(stateDir: string): void {
  leave(directoryOf(stateDir));
}

function directoryOf(stateDir: string): string {
  return `${liveDirectory(stateDir)}/lock`;
}
