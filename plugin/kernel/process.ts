/** Who a process is, so that another can tell later whether it is still that one. Starts none. */
import { readdirSync, readlinkSync } from "node:fs";
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

/** Read once: each tool that is started has the mark, and ADD starts several. */
export function ownProcess(): Process {
  own ??= {
    pid: process.pid,
    pidNamespace: pidNamespace(),
    startTime: startTimeOf("self") ?? "",
    bootId: bootId(),
  };
  return own;
}

let own: Process | undefined;

/** "hidden": it has process numbers of another namespace. */
export function lifeOf(other: Process): "running" | "ended" | "hidden" {
  const us = ownProcess();
  if (other.bootId !== us.bootId) return "ended";
  if (other.pidNamespace !== us.pidNamespace) return "hidden";
  return startTimeOf(String(other.pid)) === other.startTime ? "running" : "ended";
}

/** What a tool is given in its environment, so that it is known for one of ours when we are gone. */
export function ownMark(): Readonly<Record<string, string>> {
  return { [markName]: markOf(ownProcess()) };
}

const markName = "POD_QOS_CALL";

function markOf({ pid, startTime }: Pick<Process, "pid" | "startTime">): string {
  return `${pid}.${startTime}`;
}

/**
 * Whether a tool that it started has outlived it. Only what began later can be one, and only of that is the environment read:
 * reading that of a process that hangs in the kernel may hang as well.
 *
 * From its fork until it has its own program a tool is a copy of who starts it: with our name, an environment without the mark,
 * and one thread, where Node has several. Unless who started it lives, nothing tells whose it is, and it is over within
 * milliseconds.
 */
export function hasTools(other: Process): boolean {
  const mark = `${markName}=${markOf(other)}`;
  const ownName = statOf("self")?.name;
  return readdirSync("/proc").some((pid) => {
    const stat = /^\d+$/.test(pid) ? statOf(pid) : undefined;
    if (stat === undefined || Number(stat.startTime) < Number(other.startTime)) return false;
    // Asked first: what has its program by now has its environment too.
    if (stat.name === ownName && stat.threads === 1 && !livesBeside(stat.parent, ownName)) return true;
    return readText(`/proc/${pid}/environ`)?.split("\0").includes(mark) === true;
  });
}

/** Where who started it has ended, the parent is process 1, which may have our name in a container. */
function livesBeside(parent: number, ownName: string): boolean {
  return parent !== 1 && statOf(String(parent))?.name === ownName;
}

export function childrenOf(parent: number): readonly number[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && statOf(pid)?.parent === parent)
    .map(Number);
}

/** Seconds since the boot: no clock that anybody sets. */
export function upTime(): number {
  return Number.parseFloat(readText("/proc/uptime") ?? "0");
}

/** Of the process numbers that we have: who shares it sees the same processes in /proc. */
export function pidNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function startTimeOf(pid: string): string | undefined {
  return statOf(pid)?.startTime;
}

type Stat = {
  readonly name: string;
  readonly parent: number;
  readonly threads: number;
  readonly startTime: string | undefined;
};

/** Fields 2, 4, 20 and 22. The name may hold anything. One that has ended and was not waited for does nothing any more. */
function statOf(pid: string): Stat | undefined {
  const [, name = "", rest = ""] = /^\d+ \((.*)\) (.*)/s.exec(readText(`/proc/${pid}/stat`) ?? "") ?? [];
  const fields = rest.split(" ");
  const hasEnded = rest === "" || fields[0] === "Z" || fields[0] === "X";
  return hasEnded
    ? undefined
    : { name, parent: Number(fields[1]), threads: Number(fields[17]), startTime: fields[19] };
}
