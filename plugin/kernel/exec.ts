/** The only place that starts processes: argv arrays, no shell, a fixed locale, a time limit. */
import type { ChildProcess } from "node:child_process";
import { closeSync, fstatSync, readSync } from "node:fs";
import { messageOf } from "../errors.ts";
import { findTool, searchPath } from "./find-tool.ts";
import { childrenOf, ownMark } from "./process.ts";
import { timeLeft } from "./time-limit.ts";
import { unnamedFile } from "./unnamed-file.ts";

export type Outcome = {
  /** -1 where the tool was ended by the time limit or a signal, or could not be started: nothing it said counts. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
};

export type How = {
  /** Asked every millisecond, it may say that the purpose is reached: the tool is then left to end by itself. */
  readonly done?: (() => boolean) | undefined;
  /** It starts tools itself: they end with it at the time limit. */
  readonly startsOthers?: boolean;
  /** Default 20 s; more for what does the work of many tools, each of which has a limit of its own. */
  readonly limitMs?: number | undefined;
};

const timeLimitMs = 20_000;

/**
 * stdin, stdout and stderr are files, not pipes: several tools run side by side for 1.5 to 5 ms less, since no sockets are
 * made, and a tool that stops reading or says a lot can neither break nor block us.
 */
export async function run(argv: readonly string[], input: string, how: How = {}): Promise<Outcome> {
  const [tool = "", ...args] = argv;
  const program = findTool(tool);
  if (program === undefined) return notStarted(`${tool}: not found in ${searchPath().join(":")}`);
  if (timeLeft() === 0) return notStarted(`${tool}: not started: the time for this work is over`);
  const opened: number[] = [];
  try {
    const [stdin, stdout, stderr] = [unnamedFile(input), unnamedFile(""), unnamedFile("")];
    opened.push(stdin, stdout, stderr);
    // Loaded when the first tool is started: a pod without requests starts none, and this is an eighth of bare start-up.
    const { spawn } = process.getBuiltinModule("node:child_process");
    const env = { PATH: searchPath().join(":"), LC_ALL: "C", ...ownMark() };
    const ending = await endOf(spawn(program, args, { env, stdio: [stdin, stdout, stderr] }), how);
    const outcome = { stdout: readAll(stdout), stderr: readAll(stderr) };
    switch (ending.kind) {
      case "exit":
        return { exitCode: ending.code, ...outcome };
      case "done":
        return { exitCode: 0, ...outcome };
      case "failed":
        return { exitCode: -1, ...outcome, stderr: `${tool}: ${ending.reason}\n${outcome.stderr}` };
    }
  } catch (error) {
    return notStarted(`${tool}: could not be started: ${messageOf(error)}`);
  } finally {
    opened.forEach((fd) => closeSync(fd));
  }
}

type Ending =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * A tool that runs until it is stopped, and writes a line for each thing that it sees. undefined where there is no such tool; `ended`
 * tells that it has stopped by itself. It is none of those that work for a call, so it bears no mark of ours; where there is
 * setpriv it does not outlive us.
 */
export function listen(
  argv: readonly string[],
  heard: (line: string) => void,
  ended: () => void,
): { readonly stop: () => void } | undefined {
  const [tool = "", ...args] = argv;
  const [program, setpriv] = [findTool(tool), findTool("setpriv")];
  if (program === undefined) return undefined;
  const { spawn } = process.getBuiltinModule("node:child_process");
  const whole =
    setpriv === undefined ? [program, ...args] : [setpriv, "--pdeathsig", "KILL", program, ...args];
  const env = { PATH: searchPath().join(":"), LC_ALL: "C" };
  const child = spawn(whole[0] ?? "", whole.slice(1), { env, stdio: ["ignore", "pipe", "ignore"] });
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(heard);
  });
  child.once("error", ended).once("exit", ended);
  return {
    stop: () => {
      child.removeAllListeners("exit");
      child.kill("SIGKILL");
    },
  };
}

function endOf(
  child: ChildProcess,
  { done, startsOthers, limitMs: own = timeLimitMs }: How,
): Promise<Ending> {
  // Up, or the limit would be reached before the time is over.
  const limitMs = Math.ceil(Math.min(own, timeLeft()));
  return new Promise((resolve) => {
    const { pid } = child;
    const end = (): unknown => (startsOthers && pid !== undefined ? killTree(pid) : child.kill("SIGKILL"));
    const limit = setTimeout(end, limitMs);
    const ask = (): unknown => done?.() === true && settle({ kind: "done" });
    const watch = done === undefined ? undefined : setInterval(ask, 1);
    const settle = (ending: Ending): void => {
      clearTimeout(limit);
      clearInterval(watch);
      child.unref();
      resolve(ending);
    };
    child.on("error", (error) => settle({ kind: "failed", reason: error.message }));
    child.on("exit", (code, signal) =>
      settle(
        signal === null
          ? { kind: "exit", code: code ?? -1 }
          : { kind: "failed", reason: `ended by ${signal} (time limit ${limitMs} ms)` },
      ),
    );
  });
}

/** Each is stopped first, so that it starts no more. A session of its own would make it wait for others on a node under load. */
function killTree(pid: number): void {
  try {
    process.kill(pid, "SIGSTOP");
    childrenOf(pid).forEach(killTree);
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended just now.
  }
}

function notStarted(reason: string): Outcome {
  return { exitCode: -1, stdout: "", stderr: reason };
}

function readAll(fd: number): string {
  const buffer = Buffer.allocUnsafe(fstatSync(fd).size);
  return buffer.toString("utf8", 0, readSync(fd, buffer, 0, buffer.length, 0));
}
