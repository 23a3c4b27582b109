/**
 * Several tools started by one process of ours: a shell starts them one after the other. Whoever starts a process has its page
 * tables copied, and an agent's are large, a shell's small. It takes longer than side by side, so it is for who has time.
 */
import type { Batch } from "../program/handler.ts";
import { run, type Outcome } from "./exec.ts";
import { findTool } from "./find-tool.ts";
import { canBeJoined, joined, outcomesOfJoined } from "./joined.ts";
import { runAt } from "./netns.ts";
import { outcomesIn, scriptOf, type Step } from "./script.ts";

/** `netns` undefined: on the node. */
export type Call = { readonly netns: string | undefined; readonly batch: Batch };

/** The outcomes, in the order of the calls. */
export async function runInTurn(calls: readonly Call[]): Promise<readonly Outcome[]> {
  const [shell, enter] = [findTool("sh"), findTool("nsenter")];
  const hasTools = calls.every(({ batch: { argv } }) => findTool(argv[0] ?? "") !== undefined);
  // `run` itself tells best what is missing.
  if (calls.length < 2 || !hasTools || shell === undefined || enter === undefined)
    return Promise.all(
      calls.map(({ netns, batch }) => runAt(netns === undefined ? "node" : "pod", netns ?? "", batch)),
    );
  const groups = groupsOf(calls);
  const mark = crypto.randomUUID();
  const script = scriptOf(groups.map(stepOf), { shell, enter, mark });
  const whole = await run(["sh", "-c", script], "", { startsOthers: true });
  const outcomes = outcomesIn(whole, mark, groups.length);
  const pairs = groups.flatMap((group, at) => {
    const outcome = outcomes[at] ?? whole;
    const own = group.length === 1 ? [outcome] : outcomesOfJoined(outcome, group.length);
    return group.map((call, index) => [call.at, own[index] ?? outcome] as const);
  });
  const byCall = new Map(pairs);
  return calls.map((_, at) => byCall.get(at) ?? whole);
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
  };
}
