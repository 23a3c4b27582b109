/** The plugin and the tools it starts on one time line, by strace. */
import { readFile } from "node:fs/promises";
import { execa } from "execa";
import type { LabNode } from "../../test/lab/node/node.ts";
import { succeededOrThrow, type Repeated } from "./profile-call.ts";
import { spread } from "./stats.ts";
import { fixed, table } from "./table.ts";

export async function timeLine(node: LabNode, repeated: Repeated): Promise<string> {
  if ((await execa("strace", ["--version"], { reject: false })).failed) {
    return "strace is not installed: no time line of processes";
  }
  const runs: (readonly Lived[])[] = [];
  const file = "/run/bench.strace";
  // With a filter in the kernel only these calls stop the process.
  const strace = ["strace", "-f", "--seccomp-bpf", "-ttt", "-e", "trace=execve,exit_group", "-o", file];
  await repeated(async (call) => {
    await succeededOrThrow(node, { ...call, program: [...strace, ...call.program] });
    runs.push(livesOf(await readFile(node.path(file), "utf8")));
  });
  return rendered(runs);
}

/** Milliseconds since the plugin was started. */
type Lived = { readonly what: string; readonly from: number; readonly to: number };

/** Lines of "pid seconds execve(…)", of "pid seconds exit_group(…)" and of what else strace has to say. */
export function livesOf(trace: string): readonly Lived[] {
  const lives = new Map<string, { what: string; readonly from: number; to: number }>();
  let start: number | undefined;
  for (const line of trace.split("\n")) {
    const [, pid = "", seconds, event = ""] = /^(\d+) +([\d.]+) (.*)$/.exec(line) ?? [];
    const at = Number(seconds) * 1000;
    const argv = /^execve\("[^"]*", \[(.*?)\]/.exec(event)?.[1];
    if (argv !== undefined) {
      start ??= at;
      const words = argv.replaceAll(/"|,/g, "").replace(/^\S*\//, "");
      const life = lives.get(pid);
      // nsenter becomes the tool that it is followed by.
      if (life === undefined) lives.set(pid, { what: words, from: at - start, to: Number.NaN });
      else life.what = `nsenter ${words}`;
    }
    const life = lives.get(pid);
    if (life !== undefined && /^(exit_group|\+\+\+)/.test(event)) life.to = at - (start ?? at);
  }
  return [...lives.values()];
}

/** The same process in every run has the same words; its second of that kind is told apart by its number. */
function rendered(runs: readonly (readonly Lived[])[]): string {
  const collected = new Map<string, Lived[]>();
  for (const run of runs) {
    const seen = new Map<string, number>();
    for (const life of run) {
      const nth = (seen.get(life.what) ?? 0) + 1;
      seen.set(life.what, nth);
      const key = nth === 1 ? life.what : `${life.what} (${nth})`;
      collected.set(key, [...(collected.get(key) ?? []), life]);
    }
  }
  const rows = [...collected].map(([what, lives]) => ({
    what,
    from: spread(lives.map(({ from }) => from)).median,
    to: spread(lives.map(({ to }) => to)).median,
    lasts: spread(lives.map(({ from, to }) => to - from)).median,
  }));
  return table(
    rows.toSorted((one, other) => one.from - other.from),
    [
      { title: "process", cell: ({ what }) => what, align: "left" },
      { title: "from ms", cell: ({ from }) => fixed(from, 1) },
      { title: "to ms", cell: ({ to }) => fixed(to, 1) },
      { title: "lasts ms", cell: ({ lasts }) => fixed(lasts, 1) },
    ],
  );
}
