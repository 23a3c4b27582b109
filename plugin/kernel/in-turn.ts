/**
 * Several tools started by one process of ours: a shell starts them one after the other. Whoever starts a process has its page
 * tables copied, and ours are large, a shell's small: a start costs us more than most tools take.
 */
import type { Batch } from "../program/handler.ts";
import { run, type How, type Outcome } from "./exec.ts";
import { findTool } from "./find-tool.ts";
import { canBeJoined, joined, outcomesOfJoined } from "./joined.ts";
import { runAt } from "./netns.ts";
import { outcomesIn, scriptOf, type Step } from "./script.ts";

/** `netns` undefined: on the node. */
export type Call = {
  readonly netns: string | undefined;
  readonly batch: Batch;
  /** See `runInOrder`. */
  readonly onlyIfSilent?: boolean;
};

/** The outcomes, in the order of the calls. */
export async function runInTurn(
  calls: readonly Call[],
  { done }: Pick<How, "done"> = {},
): Promise<readonly Outcome[]> {
  const tools = toolsFor(calls);
  if (tools === undefined) return Promise.all(calls.map((call) => runAlone(call)));
  const groups = groupsOf(calls);
  const mark = newMark();
  const script = scriptOf(groups.map(stepOf), { ...tools, mark });
  const whole = await run(["sh", "-c", script], "", { startsOthers: true, done });
  const outcomes = outcomesIn(whole, mark, groups.length);
  const pairs = groups.flatMap((group, at) => {
    const outcome = outcomes[at] ?? whole;
    const own = group.length === 1 ? [outcome] : outcomesOfJoined(outcome, group.length);
    return group.map((call, index) => [call.at, own[index] ?? outcome] as const);
  });
  const byCall = new Map(pairs);
  return calls.map((_, at) => byCall.get(at) ?? whole);
}

/** The outcomes up to the first failure: what stands behind it was not started. All are in one namespace. */
export async function runUntilFailure(calls: readonly Call[]): Promise<readonly Outcome[]> {
  const tools = toolsFor(calls);
  if (tools === undefined) return runEachUntilFailure(calls);
  const mark = newMark();
  const script = scriptOf(
    calls.map((call) => stepOf([call])),
    { ...tools, mark, stopsAtFailure: true },
  );
  const whole = await run(["sh", "-c", script], "", { startsOthers: true });
  return upToFailure(outcomesIn(whole, mark, calls.length));
}

/**
 * All of them, each behind the one before it; a failure stops nothing. One that is `onlyIfSilent` is started if the one before it
 * said nothing. All are in one namespace.
 */
export async function runInOrder(
  calls: readonly Call[],
  { done }: Pick<How, "done"> = {},
): Promise<readonly Outcome[]> {
  const tools = toolsFor(calls);
  if (tools === undefined) return runEachInOrder(calls, done);
  const mark = newMark();
  const script = scriptOf(
    calls.map((call) => stepOf([call])),
    { ...tools, mark },
  );
  const whole = await run(["sh", "-c", script], "", { startsOthers: true, done });
  return outcomesIn(whole, mark, calls.length);
}

async function runEachInOrder(
  calls: readonly Call[],
  done: (() => boolean) | undefined,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [at, call] of calls.entries()) {
    const before = outcomes.at(-1);
    const isHeard = before !== undefined && (before.exitCode === -1 || before.stdout.trim() !== "");
    const isLast = at === calls.length - 1;
    if (call.onlyIfSilent === true && isHeard) outcomes.push({ exitCode: -1, stdout: "", stderr: "" });
    else outcomes.push(await runAlone(call, isLast ? done : undefined));
  }
  return outcomes;
}

async function runEachUntilFailure(calls: readonly Call[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const call of calls) {
    const outcome = await runAlone(call);
    outcomes.push(outcome);
    if (outcome.exitCode !== 0) break;
  }
  return outcomes;
}

function upToFailure(outcomes: readonly Outcome[]): readonly Outcome[] {
  const failed = outcomes.findIndex(({ exitCode }) => exitCode !== 0);
  return failed === -1 ? outcomes : outcomes.slice(0, failed + 1);
}

function runAlone({ netns, batch }: Call, done?: () => boolean): Promise<Outcome> {
  return runAt(netns === undefined ? "node" : "pod", netns ?? "", batch, done);
}

/** undefined where there is nothing to put together, it is too long for an argument, or a tool is missing: `run` itself tells best. */
function toolsFor(calls: readonly Call[]): { readonly shell: string; readonly enter: string } | undefined {
  const [shell, enter] = [findTool("sh"), findTool("nsenter")];
  const hasTools = calls.every(({ batch: { argv } }) => findTool(argv[0] ?? "") !== undefined);
  const length = calls.reduce((sum, { batch: { input } }) => sum + Buffer.byteLength(input), 0);
  if (calls.length < 2 || length > longest || !hasTools) return undefined;
  return shell === undefined || enter === undefined ? undefined : { shell, enter };
}

/** The kernel takes 128 KiB, and inside a pod's script a quote is four characters. */
const longest = 24 * 1024;

/** Nothing that a tool prints of a pod can have it: nobody guesses it. `crypto` would take longer to load than a tool to run. */
function newMark(): string {
  return `pod-qos.${process.pid}.${process.hrtime.bigint()}.${Math.random()}`;
}

type Placed = Call & { readonly at: number };

/** Calls on the node that one start of a tool can answer are a group; each other is one of its own. */
function groupsOf(calls: readonly Call[]): readonly (readonly Placed[])[] {
  const placed = calls.map((call, at): Placed => ({ ...call, at }));
  const groups = Map.groupBy(placed, ({ netns, batch, at }) =>
    netns === undefined && canBeJoined(batch) ? batch.argv.join(" ") : at,
  );
  return [...groups.values()];
}

function stepOf(group: readonly Call[]): Step {
  const [tool = "", ...args] = group[0]?.batch.argv ?? [];
  return {
    netns: group[0]?.netns,
    argv: [findTool(tool) ?? tool, ...args],
    input: joined(group.map(({ batch }) => batch)),
    isOneOutput: group.length > 1,
    onlyIfSilent: group[0]?.onlyIfSilent === true,
  };
}
