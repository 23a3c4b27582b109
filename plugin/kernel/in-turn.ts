/**
 * Several tools started by one process of ours: a shell starts them one after the other. Whoever starts a process has its page
 * tables copied, and an agent's are large, a shell's small. It takes longer than side by side, so it is for who has time.
 */
import type { Place } from "../program/program.ts";
import type { Batch } from "../program/handler.ts";
import { run, type Outcome } from "./exec.ts";
import { findTool } from "./find-tool.ts";
import { runAt } from "./netns.ts";
import { outcomesIn, scriptOf, type Step } from "./script.ts";

export type Call = { readonly place: Place; readonly batch: Batch };

/** The outcomes, in the order of the calls. */
export async function runInTurn(calls: readonly Call[], netns: string): Promise<readonly Outcome[]> {
  const steps = stepsOf(calls);
  const [shell, enter] = [findTool("sh"), findTool("nsenter")];
  if (steps === undefined || shell === undefined || enter === undefined)
    return Promise.all(calls.map(({ place, batch }) => runAt(place, netns, batch)));
  // The shell becomes the one that goes into the pod, which does not come back.
  const ordered = [...stepsAt("node", steps), ...stepsAt("pod", steps)];
  const mark = crypto.randomUUID();
  const script = scriptOf(ordered, { shell, enter, netns, mark });
  const outcome = await run(["sh", "-c", script], "", { startsOthers: true });
  const outcomes = outcomesIn(outcome, mark, ordered.length);
  return steps.map((step) => outcomes[ordered.indexOf(step)] ?? outcome);
}

/** undefined where there is nothing to put together, or a tool is missing: `run` itself tells best. */
function stepsOf(calls: readonly Call[]): readonly Step[] | undefined {
  const steps = calls.flatMap(({ place, batch: { argv, input } }): readonly Step[] => {
    const [tool = "", ...args] = argv;
    const path = findTool(tool);
    return path === undefined ? [] : [{ place, argv: [path, ...args], input }];
  });
  return steps.length > 1 && steps.length === calls.length ? steps : undefined;
}

function stepsAt(place: Place, steps: readonly Step[]): readonly Step[] {
  return steps.filter((step) => step.place === place);
}
