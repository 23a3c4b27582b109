/**
 * The shell script that starts several tools one after the other, and what it said read back into their outcomes. On both its
 * outputs a line stands behind each tool's: the mark and the exit code.
 */
import type { Place } from "../program/program.ts";
import type { Outcome } from "./exec.ts";

/** With the tool's full path. */
export type Step = { readonly place: Place; readonly argv: readonly string[]; readonly input: string };

export type Around = {
  readonly shell: string;
  readonly enter: string;
  readonly netns: string;
  /** What no tool says and no input has in it. */
  readonly mark: string;
};

/** `steps`: those on the node first. It is one argument, of at most 128 KiB: a look asks a few lines. */
export function scriptOf(steps: readonly Step[], { shell, enter, netns, mark }: Around): string {
  const [onNode, inPod] = (["node", "pod"] as const).map((place) =>
    steps.filter((step) => step.place === place).map((step) => stepText(step, mark)),
  );
  const lines = [endText(mark), ...(onNode ?? [])];
  if (inPod === undefined || inPod.length === 0) return lines.join("\n");
  const inside = [endText(mark), ...inPod].join("\n");
  return [...lines, `exec ${words([enter, `--net=${netns}`, "--", shell, "-c", inside])}`].join("\n");
}

/** As many as there were steps, in their order: what was not come to has why the shell ended, and the last that was said. */
export function outcomesIn(whole: Outcome, mark: string, count: number): readonly Outcome[] {
  const { why, stderr: all } = partsOf(whole);
  const [said, complained] = [whole.stdout, all].map((text) => text.split(ending(mark)));
  return Array.from({ length: count }, (_, at): Outcome => {
    const [stdout, code, stderr] = [said?.[at * 2], said?.[at * 2 + 1], complained?.[at * 2]];
    if (code === undefined)
      return { exitCode: -1, stdout: "", stderr: `${why}\n${complained?.at(-1) ?? ""}`.trim() };
    // From 126 on the shell speaks: the tool could not be started, or was ended by a signal.
    const exitCode = Number(code) < 126 ? Number(code) : -1;
    return { exitCode, stdout: stdout ?? "", stderr: stderr ?? "" };
  });
}

/** Before what a tool said, `run` says why it was ended. */
function partsOf({ exitCode, stderr }: Outcome): { readonly why: string; readonly stderr: string } {
  if (exitCode !== -1) return { why: "", stderr };
  const [why = "", ...lines] = stderr.split("\n");
  return { why, stderr: lines.join("\n") };
}

function endText(mark: string): string {
  const line = `printf '\\n%s %s\\n' ${mark} "$code"`;
  return `end() { code=$?; ${line}; ${line} >&2; }`;
}

function ending(mark: string): RegExp {
  return new RegExp(`\\n${mark} (\\d+)\\n`);
}

function stepText({ argv, input }: Step, mark: string): string {
  const ended = input.endsWith("\n") ? input : `${input}\n`;
  const reads = input === "" ? "</dev/null" : `<<'${mark}'\n${ended}${mark}`;
  return `${words(argv)} ${reads}\nend`;
}

/** Whatever is in them, to a shell they are words. */
function words(argv: readonly string[]): string {
  return argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}
