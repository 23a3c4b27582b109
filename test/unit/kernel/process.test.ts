/** Whether what a process started has outlived it: at no moment of a tool's life is it overlooked. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { execa } from "execa";
import { expect, test } from "vitest";
import { hasTools, lifeOf, type Process } from "../../../plugin/kernel/process.ts";

/** Starts one tool after the other, and says first who it is. */
const STARTER = `
import { run } from ${JSON.stringify(join(import.meta.dirname, "../../../plugin/kernel/exec.ts"))};
import { ownProcess } from ${JSON.stringify(join(import.meta.dirname, "../../../plugin/kernel/process.ts"))};
console.log(JSON.stringify(ownProcess()));
for (;;) await run(["sleep", "0.02"], "");
`;

test("a tool that was forked and has not begun yet when its starter is killed counts until it has ended", async () => {
  const { starter, own } = await begin();
  const forked = await stopUnbegun(own.pid);
  try {
    // vitest gives its workers names of their own.
    process.title = statOf(forked)?.name ?? "";
    starter.kill("SIGKILL");
    while (lifeOf(own) === "running") await pause(1);
    expect(hasTools(own)).toBe(true);
  } finally {
    process.kill(forked, "SIGCONT");
  }
  // Asked twice: for some microseconds of its start a tool has its own name and no environment yet.
  for (let quiet = 0; quiet < 2; quiet = hasTools(own) ? 0 : quiet + 1) await pause(5);
  expect(statOf(forked)?.state ?? "Z").toBe("Z");
});

test("a tool that was forked and has not begun yet is not another's that is dead, while its starter lives", async () => {
  const { starter, own } = await begin();
  const forked = await stopUnbegun(own.pid);
  try {
    process.title = statOf(forked)?.name ?? "";
    expect(hasTools({ ...own, pid: 4_194_305, startTime: "1" })).toBe(false);
  } finally {
    process.kill(forked, "SIGCONT");
    starter.kill("SIGKILL");
  }
});

const begin = async () => {
  const args = ["--input-type=module", "--eval", STARTER];
  const starter = execa(process.execPath, args, { reject: false, buffer: false });
  const [said] = (await once(starter.stdout, "data")) as [Buffer];
  return { starter, own: JSON.parse(said.toString()) as Process };
};

/** Looks without a pause: it has its program within a millisecond or two. */
const stopUnbegun = async (parent: number): Promise<number> => {
  for (let until = performance.now() + 30_000; performance.now() < until;) {
    for (const child of childrenOf(parent)) {
      process.kill(child, "SIGSTOP");
      await pause(2);
      const { name, state } = statOf(child) ?? {};
      if (name === statOf(parent)?.name && state === "T") return child;
      process.kill(child, "SIGCONT");
      while (childrenOf(parent).includes(child)) await pause(1);
    }
  }
  throw new Error("no tool was met between its fork and its begin");
};

const childrenOf = (parent: number): readonly number[] =>
  readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").split(" ").filter(Boolean).map(Number);

const statOf = (pid: number): { readonly name: string; readonly state: string } | undefined => {
  try {
    const [, name = "", state = ""] = /\((.*)\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return { name, state };
  } catch {
    return undefined;
  }
};
