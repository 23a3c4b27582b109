/** What of an attachment's is there though no record says that we made it. Pure. */
import { keyOf, type ObservedFilter, type TcObject } from "./objects.ts";
import type { ObservedDevice } from "./parse.ts";

/**
 * Somebody else may have a filter at our place: ours are those that do just what ours do. A clsact is taken for ours where one of
 * these stands in it.
 */
export function foundTc(possible: readonly TcObject[], seen: readonly ObservedDevice[]): readonly TcObject[] {
  return seen.flatMap(({ dev, objects }) => {
    const counterparts = new Map(objects.toReversed().map((object) => [keyOf(object), object]));
    const there = possible
      .filter((object) => object.dev === dev)
      .flatMap((object) => {
        const counterpart = counterparts.get(keyOf(object));
        return counterpart === undefined || !isAsOurs(object, counterpart) ? [] : [counterpart];
      });
    const hasFilter = there.some((object) => "hook" in object);
    return hasFilter ? there : there.filter(({ kind }) => kind !== "clsact");
  });
}

function isAsOurs(possible: TcObject, counterpart: TcObject | ObservedFilter): boolean {
  if ("isForeign" in counterpart || ("deviations" in counterpart && "hook" in counterpart)) return false;
  return possible.kind !== "redirect" || (counterpart.kind === "redirect" && counterpart.to === possible.to);
}
