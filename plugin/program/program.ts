/**
 * Plan kernel state as data. A Program is what one tool shall make true in one network namespace; drivers return
 * lists of them, one applier runs them, CHECK reads the kernel back into the same objects. Pure.
 */
import type { Handler, Note } from "./handler.ts";
import { handlers, leads, needs, type ObjectOf, type Tool } from "./tools.ts";

/** "node" is the namespace the plugin was started in, "pod" the one CNI_NETNS names. */
export type Place = "node" | "pod";

export type Program = {
  readonly [Name in Tool]: {
    readonly tool: Name;
    readonly place: Place;
    readonly objects: readonly ObjectOf[Name][];
  };
}[Tool];

type AnyObject = ObjectOf[Tool];

/** A program and the handler of its tool agree about objects by the table they come from; TypeScript cannot follow that. */
export function handlerOf({ tool }: Program): Handler<AnyObject, unknown> {
  return handlers[tool] as unknown as Handler<AnyObject, unknown>;
}

/** What was read back for a program. */
export type Observation = { readonly program: Program; readonly seen: unknown };

/** Each program against what was seen of it; none means that all is well. */
export function drift(observations: readonly Observation[]): readonly string[] {
  return observations.flatMap(({ program, seen }) => handlerOf(program).drift(program.objects, seen));
}

/** What should be known though it is no fault. */
export function notes(observations: readonly Observation[]): readonly Note[] {
  return observations.flatMap(({ program, seen }) => handlerOf(program).notes?.(program.objects, seen) ?? []);
}

export function withObjects(program: Program, objects: readonly AnyObject[]): Program {
  return { ...program, objects } as Program;
}

export function dependsOn(program: Program, other: Program): boolean {
  return needs[program.tool] === other.tool && program.place === other.place;
}

/** The one of the same tool and place. */
export function siblingOf(program: Program, programs: readonly Program[]): Program | undefined {
  return programs.find((other) => slotOf(other) === slotOf(program));
}

/** What one tool has in some places, for those who speak of what only that tool has. */
export function objectsOf<Name extends Tool>(
  programs: readonly Program[],
  tool: Name,
  places: readonly Place[] = ["node", "pod"],
): readonly ObjectOf[Name][] {
  const slots = new Set(places.map((place) => slotOf({ tool, place })));
  return programs.flatMap((program) =>
    slots.has(slotOf(program)) ? (program.objects as readonly ObjectOf[Name][]) : [],
  );
}

/** As the record of a former build lists it, and with what is said of its objects only since. */
export function completed(recorded: Program, planned: readonly Program[]): Program {
  const { complete, key } = handlerOf(recorded);
  if (complete === undefined) return recorded;
  const counterparts = new Map(siblingOf(recorded, planned)?.objects.map((object) => [key(object), object]));
  return withObjects(
    recorded,
    recorded.objects.map((object) => {
      const counterpart = counterparts.get(key(object));
      return counterpart === undefined ? object : complete(object, counterpart);
    }),
  );
}

function slotOf({ tool, place }: Pick<Program, "tool" | "place">): string {
  return `${tool} ${place}`;
}

/** Of a change packets are on their way through what is made: a class before the rule that sorts into it. */
export function comesAfter(program: Program, other: Program): boolean {
  return dependsOn(program, other) || (leads[program.tool] === other.tool && program.place === other.place);
}

const toolOrder = Object.keys(handlers);

/** One program per tool and place, so that a namespace is entered once per tool; none before what it depends on. */
export function merge(programs: readonly Program[]): readonly Program[] {
  const merged: Program[] = [];
  for (const program of programs) {
    const at = merged.findIndex((other) => slotOf(other) === slotOf(program));
    const sibling = merged[at];
    if (sibling === undefined) merged.push(program);
    else merged[at] = withObjects(sibling, [...sibling.objects, ...program.objects]);
  }
  return merged
    .filter(({ objects }) => objects.length > 0)
    .toSorted((a, b) => toolOrder.indexOf(a.tool) - toolOrder.indexOf(b.tool));
}

/** What an operator reads of programs: each object in words. */
export function describe(programs: readonly Program[]): readonly string[] {
  return programs.flatMap((program) => program.objects.map((object) => handlerOf(program).describe(object)));
}

/** The objects by place and name, whatever their values: what two lists of programs can have in common. */
export function keys(programs: readonly Program[]): readonly string[] {
  return programs.flatMap((program) =>
    program.objects.map((object) => `${slotOf(program)} ${handlerOf(program).key(object)}`),
  );
}
