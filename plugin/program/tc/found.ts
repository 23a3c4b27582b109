/** What of an attachment's is there though no record says that we made it. Pure. */
import { keyOf, type ObservedFilter, type TcObject } from "./objects.ts";
import type { ObservedDevice } from "./parse.ts";

/**
 * Somebody else may have a filter at our place: ours are those that do just what ours do. A clsact is taken for ours where one of
 * these stands in it.
 */
export function foundTc(possible: readonly TcObject[], seen: readonly ObservedDevice[]): readonly TcObject[] {
  return seen.flatMap(({ dev, objects }) => {
    const twins = new Map(objects.toReversed().map((object) => [keyOf(object), object]));
    const there = possible
      .filter((object) => object.dev === dev)
      .flatMap((object) => {
        const twin = twins.get(keyOf(object));
        return twin === undefined || !isAsOurs(object, twin) ? [] : [twin];
      });
    const hasFilter = there.some((object) => "hook" in object);
    return hasFilter ? there : there.filter(({ kind }) => kind !== "clsact");
  });
}

function isAsOurs(possible: TcObject, twin: TcObject | ObservedFilter): boolean {
  if ("isForeign" in twin || ("deviations" in twin && "hook" in twin)) return false;
  return possible.kind !== "redirect" || (twin.kind === "redirect" && twin.to === possible.to);
}
