/**
 * Commands for a node in the VM, by files in the folder that it shares with us: its network card leads to the API server alone.
 * A file gets its name when it is whole.
 */
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { ClusterError } from "../errors.ts";
import { CALLS } from "./folder.ts";

export type NodeAnswer = { readonly exitCode: number; readonly stdout: string; readonly stderr: string };

/** Runs a command on the node whose folder this is. */
export const callNode = async (
  folder: string,
  command: readonly string[],
  withinMs = 60_000,
): Promise<NodeAnswer> => {
  const name = join(folder, CALLS, randomUUID());
  write(`${name}.call`, command);
  const answer = `${name}.answer`;
  for (const end = Date.now() + withinMs; !existsSync(answer); await sleep(50)) {
    if (Date.now() > end)
      throw new ClusterError(`the node did not answer within ${withinMs / 1000} s: ${command.join(" ")}`);
  }
  const answered = JSON.parse(readFileSync(answer, "utf8")) as NodeAnswer;
  rmSync(answer);
  return answered;
};

/** The node's side, for as long as it lives. Looks again and again: the file system tells the VM of no change. */
export const answerCalls = async (folder: string): Promise<never> => {
  const calls = join(folder, CALLS);
  for (;;) {
    for (const file of readdirSync(calls).filter((name) => name.endsWith(".call")))
      void answer(join(calls, file));
    await sleep(100);
  }
};

const answer = async (path: string): Promise<void> => {
  const [command = "false", ...args] = JSON.parse(readFileSync(path, "utf8")) as readonly string[];
  rmSync(path);
  const { exitCode, stdout, stderr, originalMessage } = await execa(command, args, {
    reject: false,
    stdin: "ignore",
  });
  const answered: NodeAnswer = {
    exitCode: exitCode ?? 127,
    stdout,
    stderr: stderr || (originalMessage ?? ""),
  };
  write(path.replace(/call$/, "answer"), answered);
};

export const prepareCalls = (folder: string): void =>
  void mkdirSync(join(folder, CALLS), { recursive: true });

const write = (path: string, value: unknown): void => {
  writeFileSync(`${path}.part`, JSON.stringify(value));
  renameSync(`${path}.part`, path);
};
