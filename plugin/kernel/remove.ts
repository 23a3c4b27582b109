/** Takes away what programs made. What is already gone is as it should be; what stays although it is ours is an error. */
import { CniError } from "../errors.ts";
import type { Batch, Link } from "../program/handler.ts";
import { dependsOn, handlerOf, type Place, type Program } from "../program/program.ts";
import { linksOf, withTraits } from "../program/traits.ts";
import { runInTurn, type Call } from "./in-turn.ts";
import { workIsDone } from "./leave-early.ts";
import { nodeHasLink, readAlias } from "./linux.ts";
import { runAt } from "./netns.ts";
import { observeOne } from "./observe.ts";
import { refusal } from "./refusal.ts";

/** In the reverse order of making. Every program is tried; the errors come back together. */
export async function remove(programs: readonly Program[], netns: string): Promise<readonly CniError[]> {
  const trimmed = programs
    .map((program) => withoutDoomed(program, programs))
    .map(stillThere)
    .filter(({ objects }) => objects.length > 0);
  const started = new Map<Program, Promise<Removed>>();
  for (const program of trimmed.toReversed()) {
    const before = [...started].filter(([other]) => goesBefore(other, program)).map(([, removal]) => removal);
    const last = trimmed.find((other) => hasLinks(other) && other.place === program.place);
    const putsOff = last !== undefined && last !== program;
    started.set(
      program,
      Promise.all(before).then((removed) => removeOne(program, netns, { after: removed, putsOff })),
    );
  }
  const removed = await Promise.all(started.values());
  return removed.map(({ error }) => error).filter((error) => error !== undefined);
}

type Removed = {
  readonly place: Place;
  readonly error: CniError | undefined;
  /** What is to be run yet: the links' removal does, so that it needs no process of its own. */
  readonly later: Batch | undefined;
};

/** Deleting a link holds the kernel's configuration lock: everything beside it would wait, so links go last of all. */
function goesBefore(other: Program, program: Program): boolean {
  return dependsOn(other, program) || (hasLinks(program) && !hasLinks(other));
}

function hasLinks(program: Program): boolean {
  return linksOf([program]).length > 0;
}

/** What stands on a link of ours goes with the link. */
function withoutDoomed(program: Program, all: readonly Program[]): Program {
  const links = linksOf(all.filter(({ place }) => place === program.place));
  const doomed = new Set(links.map(({ name }) => name));
  return withTraits(program, ({ device }) => device === undefined || !doomed.has(device));
}

/** On the node a look into sysfs saves starting a tool for a veth that the primary plugin has deleted already. */
function stillThere(program: Program): Program {
  if (program.place !== "node") return program;
  return withTraits(
    program,
    ({ device, link }) =>
      (device === undefined || nodeHasLink(device)) && (link === undefined || isOurs(link)),
  );
}

/** With no alias yet it is one of ours whose ADD was killed; with another's it only has the name. */
function isOurs({ name, alias }: Link): boolean {
  return nodeHasLink(name) && ["", alias].includes(readAlias(name));
}

async function removeOne(
  program: Program,
  netns: string,
  { after, putsOff }: { readonly after: readonly Removed[]; readonly putsOff: boolean },
): Promise<Removed> {
  const { place, objects } = program;
  const handler = handlerOf(program);
  const batch = handler.remove(objects);
  const done = workIsDone(program);
  const rest = hasLinks(program) ? after.filter((other) => other.place === place) : [];
  const first = rest.flatMap(({ later }) => later ?? []);
  const at = place === "pod" ? netns : undefined;
  const inTurn = first.length === 0 ? [] : await runInTurn(callsAt(at, [...first, batch]), { done });
  const [outcome = await runAt(place, netns, batch, done)] = inTurn.slice(first.length);
  // What a tool that was ended has not said is no answer: somebody's filters may stand there.
  const then = outcome.exitCode === -1 ? undefined : handler.removeThen(objects, outcome.stdout);
  // An empty clsact or a set that nothing looks into does nothing, and dies with its device or namespace: one that stays is no
  // reason to keep a pod from its deletion.
  if (then !== undefined && !putsOff) await runAt(place, netns, then);
  const isGone = done?.() === true || (outcome.exitCode === 0 && outcome.stderr === "");
  const error = isGone ? undefined : await swept(program, netns, refusal(place, batch, outcome));
  return { place, error, later: putsOff ? then : undefined };
}

function callsAt(netns: string | undefined, batches: readonly Batch[]): readonly Call[] {
  return batches.map((batch) => ({ netns, batch }));
}

/** `because`: the error where what is left cannot be taken away either. */
async function swept(program: Program, netns: string, because: CniError): Promise<CniError | undefined> {
  try {
    return (await sweep(program, netns)) ? undefined : because;
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
}

/** A tool that does all or nothing removed nothing where something was missing: only a look tells what is left. */
async function sweep(program: Program, netns: string): Promise<boolean> {
  const { seen } = await observeOne(program, netns);
  const rest = handlerOf(program).sweep(program.objects, seen);
  return rest === undefined || (await runAt(program.place, netns, rest)).exitCode === 0;
}
