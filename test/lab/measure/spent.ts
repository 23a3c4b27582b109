/** What a process that runs has taken of the processor and of memory. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";

/** Its seconds, with those of all that it started, by now. */
export const secondsOf = (pid: number): number =>
  [pid, ...childrenOf(pid)].reduce((sum, each) => sum + threadSeconds(each) + waitedSeconds(each), 0);

/** The share of one core that it takes in the next seconds. */
export const shareOf = async (pid: number, seconds: number): Promise<number> => {
  const [from, before] = [performance.now(), secondsOf(pid)];
  await sleep(seconds * 1000);
  return (secondsOf(pid) - before) / ((performance.now() - from) / 1000);
};

/**
 * How many times the processor time that a small program takes to start where nobody else is at work: caches and sibling
 * threads that others use make all work longer, and this as well.
 */
export const slowness = async (): Promise<number> => {
  const { stdout } = await execa("bash", ["-c", STARTS]);
  const [user = Number.NaN, system = Number.NaN] = stdout.trim().split(" ").map(Number);
  return Math.max(1, ((user + system) * 1000) / 50 / USUAL_MS);
};

const USUAL_MS = 0.8;
const STARTS = "TIMEFORMAT='%U %S'; { time for i in {1..50}; do /bin/true; done; } 2>&1";

/** Resident, in MB of 10^6 bytes. */
export const residentOf = (pid: number): number => {
  const kibi = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kibi) * 1024) / 1e6;
};

/** In nanoseconds, where stat has hundredths of a second. */
const threadSeconds = (pid: number): number =>
  namesIn(`/proc/${pid}/task`).reduce((sum, thread) => {
    const [nanos = ""] = textOf(`/proc/${pid}/task/${thread}/schedstat`).split(" ");
    return sum + Number(nanos) / 1e9;
  }, 0);

/** Of children that have ended, and of theirs: cutime and cstime. */
const waitedSeconds = (pid: number): number => {
  const fields = statOf(pid);
  return (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) / 100;
};

const childrenOf = (pid: number): readonly number[] =>
  namesIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => statOf(other)[1] === String(pid));

/** The fields behind the name, which may hold anything: state, parent, ... */
const statOf = (pid: number): readonly string[] =>
  textOf(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, "")
    .trim()
    .split(" ");

/** What ends between two looks took nothing more. */
const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

const namesIn = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
};
