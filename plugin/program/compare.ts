/** Lists of programs against each other, by what their objects are and not by their values. Pure. */
import { keys, withObjects, type Program } from "./program.ts";
import { withTraits } from "./traits.ts";

/** What is left to make once some of it has been. */
export function without(programs: readonly Program[], made: readonly Program[]): readonly Program[] {
  const done = new Set(keys(made));
  return programs
    .map((program) =>
      withObjects(
        program,
        program.objects.filter(
          (object) => !keys([withObjects(program, [object])]).some((key) => done.has(key)),
        ),
      ),
    )
    .filter(({ objects }) => objects.length > 0);
}

/** The same objects in the same places, whatever their values: then every difference can be settled in place. */
export function sameTargets(a: readonly Program[], b: readonly Program[]): boolean {
  return targets(a) === targets(b);
}

/** What is shared does not count: the record lists it only if we made it. */
function targets(programs: readonly Program[]): string {
  const own = programs.map((program) => withTraits(program, ({ isShared }) => isShared !== true));
  return keys(own).toSorted().join("\n");
}
