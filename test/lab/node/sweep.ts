import { readdirSync, readFileSync } from "node:fs";
import { MARKER } from "./process.ts";

/** Ends what lab processes of dead test runs left running; once per process, before the first node. */
export const sweepOnce = (): void => {
  if (swept) return;
  swept = true;
  for (const { pid, marker } of markedProcesses()) if (!ownerLives(marker)) end(pid);
};

let swept = false;

/** Kills every process whose marker matches, and waits until they are gone. */
export const killMarked = async (matches: (marker: string) => boolean): Promise<void> => {
  for (let tries = 0; tries < 200; tries += 1) {
    const left = markedProcesses().filter(({ marker }) => matches(marker));
    if (left.length === 0) return;
    for (const { pid } of left) end(pid);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("processes of a lab node do not die");
};

/** Whose a lab process is: our pid with its start time, since pids come round again. */
export const ownerMarker = (): string => `${process.pid}.${startTime(process.pid)}`;

const ownerLives = (marker: string): boolean => {
  const [pid = "", start = ""] = marker.split(".");
  return startTime(Number(pid)) === start;
};

interface Marked {
  readonly pid: number;
  readonly marker: string;
}

const markedProcesses = (): readonly Marked[] =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      const variable = read(`/proc/${entry}/environ`)
        .split("\0")
        .find((pair) => pair.startsWith(`${MARKER}=`));
      return variable === undefined
        ? []
        : [{ pid: Number(entry), marker: variable.slice(MARKER.length + 1) }];
    });

/** Field 22 of /proc/<pid>/stat, counted behind the command name, which may hold blanks. */
export const startTime = (pid: number): string => {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
};

/** A process may end between the listing and the reading: then it has nothing to say. */
const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

const end = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already: what we wanted.
  }
};
