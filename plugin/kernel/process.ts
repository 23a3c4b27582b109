/** Who a process is, so that another can tell later whether it is still that one. Starts none. */
import { readlinkSync } from "node:fs";
import { bootId, readText } from "./linux.ts";

/** A pid is used again: with the start time and the boot it is one process alone. */
export type Process = {
  readonly pid: number;
  /** Of a container that has process numbers of its own they say nothing to us. */
  readonly pidNamespace: string;
  /** In ticks since the boot. */
  readonly startTime: string;
  readonly bootId: string;
};

export function ownProcess(): Process {
  return {
    pid: process.pid,
    pidNamespace: pidNamespace(),
    startTime: startTimeOf("self") ?? "",
    bootId: bootId(),
  };
}

/** undefined of one in another pid namespace. */
export function isRunning(other: Process): boolean | undefined {
  if (other.bootId !== bootId()) return false;
  if (other.pidNamespace !== pidNamespace()) return undefined;
  return startTimeOf(String(other.pid)) === other.startTime;
}

/** Seconds since the boot: no clock that anybody sets. */
export function upTime(): number {
  return Number.parseFloat(readText("/proc/uptime") ?? "0");
}

function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/** Field 22 of stat. The name before it may hold anything. One that has ended and was not waited for does nothing any more. */
function startTimeOf(pid: string): string | undefined {
  const fields = readText(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, "")
    .split(" ");
  return fields?.[0] === "Z" || fields?.[0] === "X" ? undefined : fields?.[19];
}
