/**
 * The shell script that starts several tools one after the other, and what it said read back into their outcomes. On both its
 * outputs a line stands behind each tool's: the mark, whose outcome it is, and the exit code.
 */
import type { Outcome } from "./exec.ts";

export type Step = {
  /** undefined: on the node. */
  readonly netns: string | undefined;
  /** With the tool's full path. */
  readonly argv: readonly string[];
  readonly input: string;
  /** What it complains of stands among its answers. */
  readonly isOneOutput: boolean;
  /** Not started unless the step before it ran to its end and said nothing. */
  readonly onlyIfSilent?: boolean;
};

export type Around = {
  readonly shell: string;
  readonly enter: string;
  /** What no tool says and no input has in it. */
  readonly mark: string;
  /** What stands behind a step that fails is not started. */
  readonly stopsAtFailure?: boolean;
};

type Numbered = Step & {
  readonly number: number;
  /** Whether the next step goes by what this one says. */
  readonly isHeard: boolean;
};

/** It is one argument, of at most 128 KiB: a look asks a few lines. Into each namespace a shell goes once. */
export function scriptOf(
  steps: readonly Step[],
  { shell, enter, mark, stopsAtFailure = false }: Around,
): string {
  const numbered = steps.map((step, number): Numbered => ({
    ...step,
    number,
    isHeard: steps[number + 1]?.onlyIfSilent === true,
  }));
  const [onNode, inPods] = [true, false].map((isNode) =>
    numbered.filter(({ netns }) => (netns === undefined) === isNode),
  );
  const lines = (some: readonly Numbered[] = []): string =>
    [endText(mark, stopsAtFailure), ...some.map((step) => stepText(step, mark))].join("\n");
  const entered = [...Map.groupBy(inPods ?? [], ({ netns }) => netns)].map(([netns, some]) => {
    const inside = words([enter, `--net=${netns}`, "--", shell, "-c", lines(some)]);
    return `${inside} </dev/null\nend ${nameOfAll(some)}`;
  });
  return [lines(onNode), ...entered].join("\n");
}

/** As many as there were steps, in their order: what was not come to has why the shell ended, and the last that was said. */
export function outcomesIn(outcome: Outcome, mark: string, count: number): readonly Outcome[] {
  const { why, stderr } = partsOf(outcome);
  const [said, complained] = [endingsIn(mark, outcome.stdout), endingsIn(mark, stderr)];
  const unreached = { exitCode: -1, stdout: "", stderr: `${why}\n${complained.rest}`.trim() };
  return Array.from({ length: count }, (_, number): Outcome => {
    const [out, err] = [said, complained].map(({ endings }) => endings.get(String(number)));
    // A tool that was not come to, in a namespace where the shell did not get to it.
    if (out === undefined) return { ...unreached, ...complained.ofAll.get(number) };
    // From 126 on the shell speaks: the tool could not be started, or was ended by a signal.
    const exitCode = out.code < 126 ? out.code : -1;
    return { exitCode, stdout: out.text, stderr: err?.text ?? "" };
  });
}

type Ending = { readonly text: string; readonly code: number };

type Endings = {
  readonly endings: ReadonlyMap<string, Ending>;
  /** Of steps that end together, what was said last. */
  readonly ofAll: ReadonlyMap<number, { readonly stderr: string }>;
  /** Behind the last. */
  readonly rest: string;
};

function endingsIn(mark: string, text: string): Endings {
  const parts = text.split(new RegExp(`\\n${mark} (\\S+) (\\d+)\\n`));
  const all = Array.from({ length: (parts.length - 1) / 3 }, (_, at) => ({
    name: parts[at * 3 + 1] ?? "",
    text: parts[at * 3] ?? "",
    code: Number(parts[at * 3 + 2]),
  }));
  const ofAll = all
    .filter(({ name }) => name.startsWith(together))
    .flatMap(({ name, text: stderr }) =>
      name
        .slice(together.length)
        .split(",")
        .map((number) => [Number(number), { stderr }] as const),
    );
  return {
    endings: new Map(all.map(({ name, ...ending }) => [name, ending])),
    ofAll: new Map(ofAll),
    rest: parts.at(-1) ?? "",
  };
}

/** Before what a tool said, `run` says why it was ended. */
function partsOf({ exitCode, stderr }: Outcome): { readonly why: string; readonly stderr: string } {
  if (exitCode !== -1) return { why: "", stderr };
  const [why = "", ...lines] = stderr.split("\n");
  return { why, stderr: lines.join("\n") };
}

const together = "all:";

/** What tells the end of all steps of a namespace, also where it could not be entered. */
function nameOfAll(steps: readonly Numbered[]): string {
  return together + steps.map(({ number }) => number).join(",");
}

function endText(mark: string, stopsAtFailure: boolean): string {
  const line = `printf '\\n%s %s %s\\n' ${mark} "$1" "$code"`;
  const stop = stopsAtFailure ? ' [ "$code" = 0 ] || exit 0;' : "";
  return `end() { code=$?; ${line}; ${line} >&2;${stop} }`;
}

function stepText(step: Numbered, mark: string): string {
  const text = `${step.isHeard ? heardText(step, mark) : toolText(step, mark)}\nend ${step.number}`;
  // From 126 on the shell speaks: what a tool has not said is no answer.
  return step.onlyIfSilent === true ? `if [ "$code" -lt 126 ] && [ -z "$said" ]; then\n${text}\nfi` : text;
}

/** A function, for not every shell reads a here-document within `$()`. */
function heardText(step: Numbered, mark: string): string {
  return `tool() {\n${toolText(step, mark)}\n}\nsaid=$(tool); code=$?; printf '%s\\n' "$said"; (exit "$code")`;
}

function toolText({ argv, input, isOneOutput }: Numbered, mark: string): string {
  const ended = input.endsWith("\n") ? input : `${input}\n`;
  const reads = input === "" ? "</dev/null" : `<<'${mark}'\n${ended}${mark}`;
  return `${words(argv)} ${isOneOutput ? "2>&1 " : ""}${reads}`;
}

/** Whatever is in them, to a shell they are words. */
function words(argv: readonly string[]): string {
  return argv.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}
