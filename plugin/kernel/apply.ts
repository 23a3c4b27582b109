/**
 * Makes the kernel as the programs want it. Fast path: program as if nothing of ours were there. Where that is refused,
 * look at what is there and do the least that is missing, or say what foreign thing is in the way.
 */
import { CniError, ErrorCode, messageOf } from "../errors.ts";
import type { Batch, Note } from "../program/handler.ts";
import {
  comesAfter,
  dependsOn,
  handlerOf,
  notes,
  siblingOf,
  withObjects,
  type Program,
} from "../program/program.ts";
import { linksOf, surelyOurs } from "../program/traits.ts";
import type { Outcome } from "./exec.ts";
import { ensureIfbModule } from "./ifb-module.ts";
import { runUntilFailure } from "./in-turn.ts";
import { runAt } from "./netns.ts";
import { observeOne } from "./observe.ts";
import { refusal } from "./refusal.ts";

export type ApplyResult = {
  /** What is ours to remove, also after a failure: all that was wanted, less what somebody else had put there before. */
  readonly owned: readonly Program[];
  readonly failures: readonly Failure[];
  /** What of others stands beside it: where nothing is there, nothing is looked at. */
  readonly notes: readonly Note[];
};

export type Failure = {
  readonly program: Program;
  readonly error: CniError;
  /** That something foreign was seen in the way, so that nothing of the program was touched: it stands as it did. */
  readonly isUntouched: boolean;
};

/** Everything of ours is new: one batch per tool and namespace, side by side where nothing depends on the other. */
export async function applyFresh(programs: readonly Program[], netns: string): Promise<ApplyResult> {
  await loadIfb(programs);
  const tried = await addInTurn(programs, netns);
  return apply(programs, (program) => addFresh(program, netns, tried.get(program)), [], dependsOn);
}

/** Some of it may be there already, ours or foreign. What is ours and not wanted any more stays: the new stands before the old goes. */
export async function applyOver(
  programs: readonly Program[],
  netns: string,
  ownedBefore: readonly Program[],
): Promise<ApplyResult> {
  await loadIfb(programs);
  return apply(
    programs,
    (program) => mend(program, netns, objectsOf(ownedBefore, program)),
    ownedBefore,
    comesAfter,
  );
}

async function loadIfb(programs: readonly Program[]): Promise<void> {
  if (linksOf(programs).some(({ kind }) => kind === "ifb")) await ensureIfbModule();
}

/**
 * One process for the node and one for the pod: what depends on another comes behind it. What stands behind a failure has no
 * outcome yet: whether it can be made turns out when that is mended.
 */
async function addInTurn(
  programs: readonly Program[],
  netns: string,
): Promise<ReadonlyMap<Program, Outcome>> {
  const places = (["node", "pod"] as const).map((at) => programs.filter(({ place }) => place === at));
  const tried = places.map(async (here) => {
    const calls = here.map((program) => ({
      netns: program.place === "pod" ? netns : undefined,
      batch: addBatch(program),
    }));
    const outcomes = await runUntilFailure(calls);
    return outcomes.flatMap((outcome, at) => {
      const program = here[at];
      return program === undefined ? [] : [[program, outcome] as const];
    });
  });
  return new Map((await Promise.all(tried)).flat());
}

function addBatch(program: Program): Batch {
  return handlerOf(program).add(program.objects);
}

/** A program as far as it is ours, which is what a failure has to take back, and what went wrong, if anything did. */
type ProgramResult = {
  readonly owned: Program;
  readonly error: CniError | undefined;
  readonly isUntouched?: boolean;
  readonly notes?: readonly Note[];
};

async function apply(
  programs: readonly Program[],
  make: (program: Program) => Promise<ProgramResult>,
  ownedBefore: readonly Program[],
  isAfter: (program: Program, other: Program) => boolean,
): Promise<ApplyResult> {
  const started = new Map<Program, Promise<ProgramResult>>();
  for (const program of programs) {
    const needed = programs.filter((other) => isAfter(program, other)).map((other) => started.get(other));
    const untried = withObjects(program, objectsOf(ownedBefore, program));
    started.set(program, makeAfter(needed, program, make, untried));
  }
  const made = await Promise.all(started.values());
  return {
    owned: made.map(({ owned }) => owned).filter(({ objects }) => objects.length > 0),
    failures: made.flatMap(({ owned: program, error, isUntouched = false }) =>
      error === undefined ? [] : [{ program, error, isUntouched }],
    ),
    notes: made.flatMap((one) => one.notes ?? []),
  };
}

/** What stands on something that could not be made is not tried; what was there of it is still ours. */
async function makeAfter(
  needed: readonly (Promise<ProgramResult> | undefined)[],
  program: Program,
  make: (program: Program) => Promise<ProgramResult>,
  untried: Program,
): Promise<ProgramResult> {
  const before = needed.length === 0 ? [] : await Promise.all(needed);
  const failed = before.some((made) => made?.error !== undefined);
  return failed ? { owned: untried, error: undefined } : make(program);
}

async function addFresh(program: Program, netns: string, tried: Outcome | undefined): Promise<ProgramResult> {
  const handler = handlerOf(program);
  const batch = addBatch(program);
  const outcome = tried ?? (await runAt(program.place, netns, batch));
  if (outcome.exitCode === 0) return { owned: program, error: undefined };
  const because = refusal(program.place, batch, outcome);
  return mend(program, netns, handler.madeBefore(program.objects, outcome.stderr), because);
}

/**
 * `made`: what is there by our doing; undefined where the tool did not say how far it came, so that nothing is known to be.
 * `because` is the refusal that led here: the error when looking finds nothing to do about it.
 */
async function mend(
  program: Program,
  netns: string,
  made: readonly Program["objects"][number][] = [],
  because?: CniError,
): Promise<ProgramResult> {
  try {
    const observation = await observeOne(program, netns);
    const { seen } = observation;
    const delta = handlerOf(program).delta(program.objects, seen, made);
    const owned = withObjects(program, delta.ours);
    if (delta.conflicts.length > 0) {
      const error = new CniError(ErrorCode.foreignObject, delta.conflicts.join("; "));
      return { owned, error, isUntouched: true };
    }
    if (delta.isUntouched && because !== undefined) return { owned, error: because };
    if (delta.undo !== undefined) await runAt(program.place, netns, delta.undo);
    const error = delta.make && (await attempt(program, netns, delta.make));
    return { owned, error, notes: notes([observation]) };
  } catch (error) {
    // Nothing is thrown on: others are being made beside it, and what they make would be nobody's.
    return { owned: surelyOurs(program, made), error: because ?? asCniError(error, program) };
  }
}

function asCniError(error: unknown, { tool, place }: Program): CniError {
  if (error instanceof CniError) return error;
  const what = `what ${tool} has on the ${place} could not be understood: ${messageOf(error)}`;
  return new CniError(ErrorCode.internal, what);
}

async function attempt(program: Program, netns: string, batch: Batch): Promise<CniError | undefined> {
  const outcome = await runAt(program.place, netns, batch);
  return outcome.exitCode === 0 ? undefined : refusal(program.place, batch, outcome);
}

function objectsOf(programs: readonly Program[], program: Program): Program["objects"] {
  return siblingOf(program, programs)?.objects ?? [];
}
