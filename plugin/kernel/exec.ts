/** The only place that starts processes: argv arrays, no shell, a fixed locale, a time limit. */
import { spawn } from "node:child_process";
import { closeSync, fstatSync, readSync, writeSync } from "node:fs";
import { findTool, searchPath } from "./find-tool.ts";
import { openUnnamed } from "./unnamed-file.ts";

export type Outcome = {
  /** -1 where the tool was ended by the time limit or a signal, or could not be started. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
};

const timeLimitMs = 20_000;

/**
 * stdin, stdout and stderr are files, not pipes: several tools run side by side for 1.5 to 5 ms less, since no sockets are
 * made, and a tool that stops reading or says a lot can neither break nor block us.
 */
export function run(argv: readonly string[], input: string): Promise<Outcome> {
  const [tool = "", ...args] = argv;
  const program = findTool(tool);
  if (program === undefined)
    return Promise.resolve(notStarted(`${tool}: not found in ${searchPath().join(":")}`));
  const [stdin, stdout, stderr] = [openUnnamed(), openUnnamed(), openUnnamed()];
  // An explicit position leaves the offset, which the child shares, at the start.
  if (input !== "") writeSync(stdin, input, 0);
  return new Promise<Outcome>((resolve) => {
    const child = spawn(program, args, {
      env: { PATH: searchPath().join(":"), LC_ALL: "C" },
      stdio: [stdin, stdout, stderr],
      timeout: timeLimitMs,
      killSignal: "SIGKILL",
    });
    child.on("error", (error) => resolve(notStarted(`${tool}: ${error.message}`)));
    child.on("exit", (code, signal) => {
      const ended = signal === null ? "" : `${tool} was ended by ${signal} (time limit ${timeLimitMs} ms)\n`;
      resolve({ exitCode: code ?? -1, stdout: readAll(stdout), stderr: ended + readAll(stderr) });
    });
  }).finally(() => [stdin, stdout, stderr].forEach((fd) => closeSync(fd)));
}

function notStarted(reason: string): Outcome {
  return { exitCode: -1, stdout: "", stderr: reason };
}

function readAll(fd: number): string {
  const buffer = Buffer.allocUnsafe(fstatSync(fd).size);
  return buffer.toString("utf8", 0, readSync(fd, buffer, 0, buffer.length, 0));
}
