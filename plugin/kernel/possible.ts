/** Looks for what an attachment may have in the kernel where no record says what. Changes nothing. */
import { CniError } from "../errors.ts";
import { handlerOf, withObjects, type Program } from "../program/program.ts";
import { answersFor } from "./observe.ts";

/** `isOurs`: of the names that tools list. Where a tool cannot look, nothing was made with it. */
export async function findPossible(
  possible: readonly Program[],
  netns: string,
  isOurs: (name: string) => boolean,
): Promise<readonly Program[]> {
  const looking = possible.map(async (program) => {
    try {
      const answers = await answersFor(program, netns);
      return withObjects(program, handlerOf(program).found(program.objects, answers, isOurs));
    } catch (error) {
      if (error instanceof CniError) return withObjects(program, []);
      throw error;
    }
  });
  return (await Promise.all(looking)).filter(({ objects }) => objects.length > 0);
}
