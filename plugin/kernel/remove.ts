/** Takes away what programs made. What is already gone is as it should be; what stays although it is ours is an error. */
import { CniError } from "../errors.ts";
import type { Batch, Link } from "../program/handler.ts";
import { dependsOn, handlerOf, type Program } from "../program/program.ts";
import { linksOf, withTraits } from "../program/traits.ts";
import type { Outcome } from "./exec.ts";
import { runInOrder, type Call } from "./in-turn.ts";
import { workIsDone } from "./leave-early.ts";
import { nodeHasLink, readAlias } from "./linux.ts";
import { runAt } from "./netns.ts";
import { observeOne } from "./observe.ts";
import { refusal } from "./refusal.ts";

/** In the reverse order of making. Every program is tried; the errors come back together. */
export async function remove(programs: readonly Program[], netns: string): Promise<readonly CniError[]> {
  const left = programs
    .map((program) => withoutDoomed(program, programs))
    .map(stillThere)
    .filter(({ objects }) => objects.length > 0)
    .toReversed();
  const places = (["node", "pod"] as const).map((at) => left.filter(({ place }) => place === at));
  const errors = await Promise.all(places.map((here) => removeAt(here, netns)));
  return errors.flat();
}

/**
 * Deleting a link holds the kernel's configuration lock: everything beside it would wait, so links go last of all, by the same
 * process as what stands on them.
 */
async function removeAt(here: readonly Program[], netns: string): Promise<readonly CniError[]> {
  const links = here.filter(hasLinks);
  const onLinks = here.filter((program) => links.some((other) => dependsOn(program, other)));
  const others = here.filter((program) => !links.includes(program) && !onLinks.includes(program));
  const errors = await removeSideBySide(others, netns);
  return [...errors, ...(await removeInOrder([...onLinks, ...links], netns))];
}

async function removeSideBySide(programs: readonly Program[], netns: string): Promise<readonly CniError[]> {
  const started = new Map<Program, Promise<readonly CniError[]>>();
  for (const program of programs) {
    const before = [...started].filter(([other]) => dependsOn(other, program)).map(([, removal]) => removal);
    started.set(
      program,
      Promise.all(before).then(() => removeInOrder([program], netns)),
    );
  }
  return (await Promise.all(started.values())).flat();
}

/** Of one place. */
async function removeInOrder(programs: readonly Program[], netns: string): Promise<readonly CniError[]> {
  const removals = programs.map(removalOf);
  const done = programs.map(workIsDone).find((isDone) => isDone !== undefined);
  const outcomes = await runInOrder(
    removals.flatMap(({ program, batches }) => callsFor(program, batches, netns)),
    { done },
  );
  const isDone = done?.() === true;
  const errors: CniError[] = [];
  let at = 0;
  for (const { program, batches } of removals) {
    const outcome = outcomes[at];
    at += batches.length;
    if (outcome === undefined || (isDone && hasLinks(program))) continue;
    const error = await finish(program, netns, outcome);
    if (error !== undefined) errors.push(error);
  }
  return errors;
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

type Removal = { readonly program: Program; readonly batches: readonly [Batch, ...Batch[]] };

/** The tool's input, and what it gets as well if it printed nothing: it prints the filters of others that are left in our clsact. */
function removalOf(program: Program): Removal {
  const { remove: removed, removeIfSilent } = handlerOf(program);
  const ifSilent = removeIfSilent?.(program.objects);
  return { program, batches: [removed(program.objects), ...(ifSilent === undefined ? [] : [ifSilent])] };
}

function callsFor({ place }: Program, batches: readonly Batch[], netns: string): readonly Call[] {
  return batches.map((batch, at) => ({
    netns: place === "pod" ? netns : undefined,
    batch,
    onlyIfSilent: at > 0,
  }));
}

/**
 * An empty clsact or a set that nothing looks into does nothing, and dies with its device or namespace: one that stays is no reason
 * to keep a pod from its deletion.
 */
async function finish(program: Program, netns: string, outcome: Outcome): Promise<CniError | undefined> {
  const { place, objects } = program;
  const handler = handlerOf(program);
  // What a tool that was ended has not said is no answer.
  const then = outcome.exitCode === -1 ? undefined : handler.removeThen?.(objects, outcome.stdout);
  if (then !== undefined) await runAt(place, netns, then);
  const isGone = outcome.exitCode === 0 && outcome.stderr === "";
  return isGone ? undefined : swept(program, netns, refusal(place, handler.remove(objects), outcome));
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
