/** What lists of programs say of links and devices, and of what others use as well, whatever their tools are. Pure. */
import type { Link, Traits } from "./handler.ts";
import { handlerOf, keys, withObjects, type Program } from "./program.ts";

/** The links that programs make. */
export function linksOf(programs: readonly Program[]): readonly Link[] {
  return programs.flatMap((program) => traitsOf(program).flatMap(({ link }) => link ?? []));
}

export function withTraits(program: Program, isKept: (traits: Traits) => boolean): Program {
  const { traits } = handlerOf(program);
  return withObjects(
    program,
    program.objects.filter((object) => isKept(traits(object))),
  );
}

/** Of what is shared the first: two caps of one device may both ask for its clsact. */
export function withoutRepeats(program: Program): Program {
  const { traits, key } = handlerOf(program);
  const shared = new Set<string>();
  return withObjects(
    program,
    program.objects.filter((object) => {
      const isRepeated = shared.has(key(object));
      if (traits(object).isShared === true) shared.add(key(object));
      return !isRepeated;
    }),
  );
}

/** Without what is shared and was not made by us: what stands in it is ours to check, it is not. */
export function withoutOthers(wanted: readonly Program[], made: readonly Program[]): readonly Program[] {
  const ours = new Set(keys(made));
  return wanted.map((program) => {
    const { traits } = handlerOf(program);
    return withObjects(
      program,
      program.objects.filter(
        (object) =>
          traits(object).isShared !== true ||
          keys([withObjects(program, [object])]).some((key) => ours.has(key)),
      ),
    );
  });
}

/** With no more than the names of what follows other pods: in two of these what is requested can be compared. */
export function asRequested(programs: readonly Program[]): readonly unknown[] {
  return programs.map((program) => {
    const { traits, key } = handlerOf(program);
    const objects = program.objects.map((object) =>
      traits(object).isFollowed === true ? key(object) : object,
    );
    return { ...program, objects };
  });
}

/** What is ours of a program where nobody could look: what is known to be made by us, and what nobody else would name so. */
export function surelyOurs(program: Program, made: readonly Program["objects"][number][]): Program {
  const { traits, key } = handlerOf(program);
  const known = new Set(made.map(key));
  return withObjects(
    program,
    program.objects.filter((object) => traits(object).isNamedByPlace !== true || known.has(key(object))),
  );
}

function traitsOf(program: Program): readonly Traits[] {
  return program.objects.map(handlerOf(program).traits);
}
