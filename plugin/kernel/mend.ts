/** The slow path of apply: read back, work out the delta, do it. */
import { CniError, ErrorCode } from "../errors.ts";
import { addChains, removeFound } from "../program/iptables.ts";
import { addLinks, removeLinks } from "../program/link.ts";
import { chainDelta, linkDelta, tcDelta } from "../program/reconcile.ts";
import type { Batch, Program } from "../program/program.ts";
import { addTc, removeTc, type TcObject } from "../program/tc.ts";
import { runAt } from "./netns.ts";
import { observeChains, observeLinks, observeTc } from "./observe.ts";
import { refusal } from "./refusal.ts";

type ProgramOf<Tool extends Program["tool"]> = Extract<Program, { readonly tool: Tool }>;

/**
 * Returns the program as far as it is ours: a clsact that stood there before belongs to whoever made it.
 * `because` is the refusal that led here, thrown when looking finds nothing to do about it.
 */
export async function mend(
  program: Program,
  netns: string,
  created: readonly TcObject[],
  because?: CniError,
): Promise<Program> {
  switch (program.tool) {
    case "link":
      return mendLinks(program, netns, because);
    case "tc":
      return mendTc(program, netns, created, because);
    case "iptables":
    case "ip6tables":
      return mendChains(program, netns, because);
  }
}

async function mendLinks(program: ProgramOf<"link">, netns: string, because?: CniError): Promise<Program> {
  const { place, objects } = program;
  const delta = linkDelta(objects, await observeLinks(place, netns, objects));
  refuseConflicts(delta.conflicts);
  refuseUnchanged(delta.add.length === objects.length && delta.remove.length === 0, because);
  if (delta.remove.length > 0) await runAt(place, netns, removeLinks(delta.remove));
  if (delta.add.length > 0) await mustRun(program, netns, addLinks(delta.add));
  return program;
}

async function mendTc(
  program: ProgramOf<"tc">,
  netns: string,
  created: readonly TcObject[],
  because?: CniError,
): Promise<Program> {
  const { place, objects } = program;
  const observed = await observeTc(place, netns, objects);
  const delta = tcDelta(objects, observed);
  refuseConflicts(delta.conflicts);
  const stillAll = created.length + delta.add.length >= objects.length && delta.remove.length === 0;
  refuseUnchanged(stillAll, because);
  if (delta.remove.length > 0) await runAt(place, netns, removeTc(delta.remove));
  if (delta.add.length > 0) await mustRun(program, netns, addTc(delta.add));
  const foreignClsact = (object: TcObject): boolean =>
    object.kind === "clsact" &&
    !delta.add.includes(object) &&
    !created.some(({ kind, dev }) => kind === "clsact" && dev === object.dev);
  return { ...program, objects: objects.filter((object) => !foreignClsact(object)) };
}

async function mendChains(
  program: ProgramOf<"iptables" | "ip6tables">,
  netns: string,
  because?: CniError,
): Promise<Program> {
  const { tool, place, objects } = program;
  const { leftovers, add } = chainDelta(objects, await observeChains(tool, place, netns, objects));
  const nothingThere = leftovers.every(({ exists, jumpRules }) => !exists && jumpRules.length === 0);
  refuseUnchanged(add.length === objects.length && nothingThere, because);
  if (!nothingThere) await mustRun(program, netns, removeFound(tool, leftovers));
  if (add.length > 0) await mustRun(program, netns, addChains(tool, add));
  return program;
}

async function mustRun(program: Program, netns: string, batch: Batch): Promise<void> {
  const outcome = await runAt(program.place, netns, batch);
  if (outcome.exitCode !== 0) throw refusal(program.place, batch, outcome);
}

function refuseConflicts(conflicts: readonly string[]): void {
  if (conflicts.length > 0) throw new CniError(ErrorCode.foreignObject, conflicts.join("; "));
}

/** The same program again would be refused for the same reason. */
function refuseUnchanged(unchanged: boolean, because: CniError | undefined): void {
  if (unchanged && because !== undefined) throw because;
}
