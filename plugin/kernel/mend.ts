/** The slow path of apply: read back, work out the delta, do it. */
import { CniError, ErrorCode } from "../errors.ts";
import { addChains, removeFound } from "../program/iptables.ts";
import { addLinks, removeLinks } from "../program/link.ts";
import { chainDelta, linkDelta, tcDelta } from "../program/reconcile.ts";
import type { Batch, Program } from "../program/program.ts";
import { keyOf } from "../program/drift.ts";
import { addTc, removeTc, type TcObject } from "../program/tc.ts";
import { runAt } from "./netns.ts";
import { observeChains, observeLinks, observeTc } from "./observe.ts";
import { refusal } from "./refusal.ts";

type ProgramOf<Tool extends Program["tool"]> = Extract<Program, { readonly tool: Tool }>;

/** A program as far as it is ours to remove, and what kept it from being whole. */
export type Made = { readonly program: Program; readonly error: CniError | undefined };

/**
 * What stood there before belongs to whoever made it: a clsact that others filter at, and whatever is in the way.
 * `because` is the refusal that led here, the answer when looking finds nothing to do about it.
 */
export async function mend(
  program: Program,
  netns: string,
  created: readonly TcObject[],
  because?: CniError,
): Promise<Made> {
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

async function mendLinks(program: ProgramOf<"link">, netns: string, because?: CniError): Promise<Made> {
  const { place, objects } = program;
  const delta = linkDelta(objects, await observeLinks(place, netns, objects));
  const unchanged = delta.add.length === objects.length && delta.remove.length === 0;
  const hopeless = conflict(delta.conflicts) ?? (unchanged ? because : undefined);
  if (hopeless !== undefined) return { program: { ...program, objects: [] }, error: hopeless };
  if (delta.remove.length > 0) await runAt(place, netns, removeLinks(delta.remove));
  return {
    program,
    error: delta.add.length > 0 ? await tryTo(program, netns, addLinks(delta.add)) : undefined,
  };
}

async function mendTc(
  program: ProgramOf<"tc">,
  netns: string,
  created: readonly TcObject[],
  because?: CniError,
): Promise<Made> {
  const { place, objects } = program;
  const observed = await observeTc(place, netns, objects);
  const delta = tcDelta(objects, observed);
  const alike = observed.flatMap((device) => device.objects).filter(({ kind }) => kind !== "clsact");
  const ours = (added: readonly TcObject[]): Program => ({
    ...program,
    objects: objects.filter((object) =>
      [...created, ...alike, ...added].some((other) => same(object, other)),
    ),
  });
  const unchanged = created.length + delta.add.length >= objects.length && delta.remove.length === 0;
  const hopeless = conflict(delta.conflicts) ?? (unchanged ? because : undefined);
  if (hopeless !== undefined) return { program: ours([]), error: hopeless };
  if (delta.remove.length > 0) await runAt(place, netns, removeTc(delta.remove));
  if (delta.add.length === 0) return { program: ours([]), error: undefined };
  const batch = addTc(delta.add);
  const outcome = await runAt(place, netns, batch);
  if (outcome.exitCode === 0) return { program: ours(delta.add), error: undefined };
  return { program: ours(createdBefore(delta.add, outcome.stderr)), error: refusal(place, batch, outcome) };
}

async function mendChains(
  program: ProgramOf<"iptables" | "ip6tables">,
  netns: string,
  because?: CniError,
): Promise<Made> {
  const { tool, place, objects } = program;
  const { leftovers, add } = chainDelta(objects, await observeChains(tool, place, netns, objects));
  const nothingThere = leftovers.every(({ exists, jumpRules }) => !exists && jumpRules.length === 0);
  const hopeless = add.length === objects.length && nothingThere ? because : undefined;
  if (hopeless !== undefined) return { program: { ...program, objects: [] }, error: hopeless };
  const removed = nothingThere ? undefined : await tryTo(program, netns, removeFound(tool, leftovers));
  if (removed !== undefined || add.length === 0) return { program, error: removed };
  return { program, error: await tryTo(program, netns, addChains(tool, add)) };
}

/** tc stops at the first line it cannot do and says its number; the objects before it are there by our doing. */
export function createdBefore(objects: readonly TcObject[], stderr: string): readonly TcObject[] {
  const failedLine = /Command failed -:(\d+)/.exec(stderr)?.[1];
  return failedLine === undefined ? [] : objects.slice(0, Number(failedLine) - 1);
}

async function tryTo(program: Program, netns: string, batch: Batch): Promise<CniError | undefined> {
  const outcome = await runAt(program.place, netns, batch);
  return outcome.exitCode === 0 ? undefined : refusal(program.place, batch, outcome);
}

function conflict(conflicts: readonly string[]): CniError | undefined {
  return conflicts.length > 0 ? new CniError(ErrorCode.foreignObject, conflicts.join("; ")) : undefined;
}

function same(a: TcObject, b: TcObject): boolean {
  return a.dev === b.dev && keyOf(a) === keyOf(b);
}
