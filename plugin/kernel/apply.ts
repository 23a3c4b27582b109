/**
 * Makes the kernel as the programs want it. Fast path: program as if nothing of ours were there. Where that is refused,
 * look at what is there and do the least that is missing, or say what foreign thing is in the way.
 */
import type { CniError } from "../errors.ts";
import { addChains } from "../program/iptables.ts";
import { addLinks } from "../program/link.ts";
import type { Batch, Program } from "../program/program.ts";
import { addTc, type TcObject } from "../program/tc.ts";
import { ensureIfbModule } from "./ifb-module.ts";
import { mend, type Made } from "./mend.ts";
import { runAt } from "./netns.ts";
import { refusal } from "./refusal.ts";

export type Applied = {
  /** What is ours to remove, also after a failure: all that was wanted, less what somebody else had put there before. */
  readonly owned: readonly Program[];
  readonly error: CniError | undefined;
};

/** Everything of ours is new: one batch per tool and namespace, side by side where nothing depends on the other. */
export async function applyFresh(programs: readonly Program[], netns: string): Promise<Applied> {
  return apply(programs, (program) => addFresh(program, netns));
}

/** Some of it may be there already, ours or foreign. */
export async function applyOver(
  programs: readonly Program[],
  netns: string,
  ownedBefore: readonly Program[],
): Promise<Applied> {
  return apply(programs, (program) => mend(program, netns, tcObjectsOf(ownedBefore, program)));
}

/** Links before tc, for a redirect names its ifb; iptables beside both. */
async function apply(
  programs: readonly Program[],
  make: (program: Program) => Promise<Made>,
): Promise<Applied> {
  const hasLinks = programs.some(({ tool }) => tool === "link");
  if (hasLinks) await ensureIfbModule();
  const free = Promise.all(programs.filter((program) => !isTc(program)).map(make));
  if (hasLinks) await free;
  const bound = await Promise.all(programs.filter(isTc).map(make));
  const rest = [...(await free)];
  const tc = [...bound];
  // In the order of the plan: CHECK takes a record that differs from the plan for one of other wishes.
  const made = programs.flatMap((program) => (isTc(program) ? tc : rest).splice(0, 1));
  return {
    owned: made.map(({ owned }) => owned).filter(({ objects }) => objects.length > 0),
    error: made.find(({ error }) => error !== undefined)?.error,
  };
}

function isTc({ tool }: Program): boolean {
  return tool === "tc";
}

async function addFresh(program: Program, netns: string): Promise<Made> {
  const batch = addBatch(program);
  const outcome = await runAt(program.place, netns, batch);
  if (outcome.exitCode === 0) return { owned: program, error: undefined };
  const because = refusal(program.place, batch, outcome);
  return mend(program, netns, createdBefore(program, outcome.stderr), because);
}

function addBatch(program: Program): Batch {
  switch (program.tool) {
    case "link":
      return addLinks(program.objects);
    case "tc":
      return addTc(program.objects);
    case "iptables":
    case "ip6tables":
      return addChains(program.tool, program.objects);
  }
}

/** tc stops at the first line it cannot do and says its number; the objects before it are there by our doing. */
function createdBefore(program: Program, stderr: string): readonly TcObject[] {
  if (program.tool !== "tc") return [];
  const failedLine = /Command failed -:(\d+)/.exec(stderr)?.[1];
  return failedLine === undefined ? [] : program.objects.slice(0, Number(failedLine) - 1);
}

function tcObjectsOf(programs: readonly Program[], { tool, place }: Program): readonly TcObject[] {
  return programs.flatMap((program) =>
    program.tool === "tc" && tool === "tc" && program.place === place ? program.objects : [],
  );
}
