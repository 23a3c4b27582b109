/** The slow path of apply: read back, work out the delta, do it. */
import { CniError, ErrorCode } from "../errors.ts";
import { addChains, removeFound } from "../program/iptables.ts";
import { addLinks, removeLinks } from "../program/link.ts";
import { blockerOf, chainDelta, isForeignLink, linkDelta, tcDelta } from "../program/reconcile.ts";
import type { Batch, Program } from "../program/program.ts";
import { addTc, removeTc, type TcObject } from "../program/tc.ts";
import { runAt } from "./netns.ts";
import { observeChains, observeLinks, observeTc } from "./observe.ts";
import { refusal } from "./refusal.ts";

/** A program as far as it is ours, which is what a failure has to take back, and what went wrong, if anything did. */
export type Made = { readonly owned: Program; readonly error: CniError | undefined };

type ProgramOf<Tool extends Program["tool"]> = Extract<Program, { readonly tool: Tool }>;

/** `because` is the refusal that led here: the error when looking finds nothing to do about it. */
export async function mend(
  program: Program,
  netns: string,
  created: readonly TcObject[],
  because?: CniError,
): Promise<Made> {
  try {
    switch (program.tool) {
      case "link":
        return await mendLinks(program, netns, because);
      case "tc":
        return await mendTc(program, netns, created, because);
      case "iptables":
      case "ip6tables":
        return await mendChains(program, netns, because);
    }
  } catch (error) {
    if (error instanceof CniError) return { owned: program, error: because ?? error };
    throw error;
  }
}

async function mendLinks(program: ProgramOf<"link">, netns: string, because?: CniError): Promise<Made> {
  const { place, objects } = program;
  const observed = await observeLinks(place, netns, objects);
  const delta = linkDelta(objects, observed);
  const isForeign = ({ name, alias }: (typeof objects)[number]): boolean =>
    observed.some((link) => link.name === name && isForeignLink(link, alias));
  const owned = { ...program, objects: objects.filter((link) => !isForeign(link)) };
  if (delta.conflicts.length > 0) return { owned, error: inTheWay(delta.conflicts) };
  if (delta.add.length === objects.length && delta.remove.length === 0 && because !== undefined) {
    return { owned, error: because };
  }
  if (delta.remove.length > 0) await runAt(place, netns, removeLinks(delta.remove));
  return {
    owned,
    error: delta.add.length > 0 ? await tryTo(program, netns, addLinks(delta.add)) : undefined,
  };
}

/** A clsact that stood there before belongs to whoever made it. */
async function mendTc(
  program: ProgramOf<"tc">,
  netns: string,
  created: readonly TcObject[],
  because?: CniError,
): Promise<Made> {
  const { place, objects } = program;
  const observed = await observeTc(place, netns, objects);
  const delta = tcDelta(objects, observed);
  const isForeign = (object: TcObject): boolean =>
    object.kind === "clsact"
      ? !delta.add.includes(object) &&
        !created.some(({ kind, dev }) => kind === "clsact" && dev === object.dev)
      : observed.some((device) => device.dev === object.dev && blockerOf(object, device) !== undefined);
  const owned = { ...program, objects: objects.filter((object) => !isForeign(object)) };
  if (delta.conflicts.length > 0) return { owned, error: inTheWay(delta.conflicts) };
  const nothingLearnt = created.length + delta.add.length >= objects.length && delta.remove.length === 0;
  if (nothingLearnt && because !== undefined) return { owned, error: because };
  if (delta.remove.length > 0) await runAt(place, netns, removeTc(delta.remove));
  return { owned, error: delta.add.length > 0 ? await tryTo(program, netns, addTc(delta.add)) : undefined };
}

async function mendChains(
  program: ProgramOf<"iptables" | "ip6tables">,
  netns: string,
  because?: CniError,
): Promise<Made> {
  const { tool, place, objects } = program;
  const { leftovers, add } = chainDelta(objects, await observeChains(tool, place, netns, objects));
  const nothingThere = leftovers.every(({ exists, jumpRules }) => !exists && jumpRules.length === 0);
  if (add.length === objects.length && nothingThere && because !== undefined) {
    return { owned: program, error: because };
  }
  const cleared = nothingThere ? undefined : await tryTo(program, netns, removeFound(tool, leftovers));
  if (cleared !== undefined || add.length === 0) return { owned: program, error: cleared };
  return { owned: program, error: await tryTo(program, netns, addChains(tool, add)) };
}

async function tryTo(program: Program, netns: string, batch: Batch): Promise<CniError | undefined> {
  const outcome = await runAt(program.place, netns, batch);
  return outcome.exitCode === 0 ? undefined : refusal(program.place, batch, outcome);
}

function inTheWay(conflicts: readonly string[]): CniError {
  return new CniError(ErrorCode.foreignObject, conflicts.join("; "));
}
