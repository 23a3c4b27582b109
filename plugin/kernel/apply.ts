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
import { runAt } from "./netns.ts";
import { createdBefore, mend, type Made } from "./mend.ts";
import { refusal } from "./refusal.ts";

export type Applied = {
  /** What is ours to remove: all that was wanted, less what somebody else had put there before. */
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

async function apply(
  programs: readonly Program[],
  make: (program: Program) => Promise<Made>,
): Promise<Applied> {
  const links = programs.filter(({ tool }) => tool === "link");
  if (links.length > 0) await ensureIfbModule();
  const linked = Promise.all(links.map(make));
  const made = await Promise.all(
    programs.map(async (program): Promise<Made> => {
      if (program.tool === "link") return (await linked)[links.indexOf(program)] ?? make(program);
      // What stands in a link's way must not be shaped in its place.
      if (program.tool === "tc" && (await linked).some(({ error }) => error !== undefined)) {
        return { program: { ...program, objects: [] }, error: undefined };
      }
      return make(program);
    }),
  );
  return {
    owned: made.map(({ program }) => program),
    error: made.find(({ error }) => error !== undefined)?.error,
  };
}

async function addFresh(program: Program, netns: string): Promise<Made> {
  const batch = addBatch(program);
  const outcome = await runAt(program.place, netns, batch);
  if (outcome.exitCode === 0) return { program, error: undefined };
  const created = program.tool === "tc" ? createdBefore(program.objects, outcome.stderr) : [];
  return mend(program, netns, created, refusal(program.place, batch, outcome));
}

export function addBatch(program: Program): Batch {
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

function tcObjectsOf(programs: readonly Program[], { tool, place }: Program): readonly TcObject[] {
  return programs.flatMap((program) =>
    program.tool === "tc" && tool === "tc" && program.place === place ? program.objects : [],
  );
}
