/** Lists of programs against each other, by what their objects are and not by their values. Pure. */
import { keys, withObjects, type Program } from "./program.ts";

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
