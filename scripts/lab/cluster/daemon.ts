/** A program that runs until somebody ends it: as long as we do, or longer. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { startTime } from "../../../test/lab/node/sweep.ts";
import { ClusterError } from "./errors.ts";

/** Of a pid the start time says whether it still is the same process. */
export type ProcessId = { readonly pid: number; readonly startTime: string };

export type DaemonOptions = {
  readonly command: readonly string[];
  readonly logFile: string;
  /** True: goes on after us. False: ends with us, also when we are killed. */
  readonly outlivesUs: boolean;
};

export type Daemon = ProcessId & {
  /** Resolves when the process is gone with all its threads: only then are its ports free. */
  readonly ended: Promise<unknown>;
};

export const startDaemon = ({ command, logFile, outlivesUs }: DaemonOptions): Daemon => {
  // Each becomes the next, so that the pid is the program's; a log that went through us would end with us.
  const dying = outlivesUs ? [] : ["setpriv", "--pdeathsig", "KILL"];
  const [file, ...args] = [...dying, "sh", "-c", 'exec "$@" >>"$0" 2>&1', logFile, ...command];
  const child = execa(file ?? "", args, {
    stdio: "ignore",
    reject: false,
    detached: outlivesUs,
    cleanup: !outlivesUs,
  });
  if (child.pid === undefined) throw new ClusterError(`${file} could not be started`);
  if (outlivesUs) child.nodeChildProcess.unref();
  return { pid: child.pid, startTime: startTime(child.pid), ended: child };
};

/** What runs of a cluster, from its first moment on, so that whoever finds its folder can end it. */
export const note = (folder: string, { pid, startTime: started }: ProcessId): void =>
  appendFileSync(join(folder, PROCESSES), `${JSON.stringify({ pid, startTime: started })}\n`);

/** All that ever ran; most may be over. */
export const noted = (folder: string): readonly ProcessId[] => {
  const path = join(folder, PROCESSES);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as ProcessId]));
};

const PROCESSES = "processes";

/** False when nothing was there to get the signal. */
export const signal = (target: ProcessId, name: NodeJS.Signals): boolean => {
  if (!isRunning(target)) return false;
  process.kill(target.pid, name);
  return true;
};

/** At once: an API server that is asked politely waits a minute for its watchers. */
export const kill = async (daemon: ProcessId): Promise<void> => {
  signal(daemon, "SIGKILL");
  for (let tries = 0; tries < 400; tries += 1) {
    if (!isRunning(daemon)) return;
    await sleep(25);
  }
  throw new ClusterError(`process ${daemon.pid} does not end`);
};

/** Not so a zombie that whoever should wait for it does not. One with other threads still has its ports. */
export const isRunning = ({ pid, startTime: started }: ProcessId): boolean => {
  if (startTime(pid) !== started) return false;
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return !(/^State:\s+Z/m.test(status) && /^Threads:\s+1$/m.test(status));
  } catch {
    return false;
  }
};

export const tailOf = (logFile: string): string =>
  readFileSync(logFile, "utf8").split("\n").slice(-15).join("\n");
