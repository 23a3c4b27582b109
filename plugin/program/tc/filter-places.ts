/** Where filters can be within a tree: at its classes, and at queues of a kind that can have some. Pure. */
import type { TcObject } from "./objects.ts";

export function filterPlaces(objects: readonly TcObject[]): readonly string[] {
  return objects.flatMap((object) => {
    if (object.kind === "htb-class") return [object.classid];
    return object.kind === "leaf" && object.queue.kind === "fq_codel" ? [object.handle] : [];
  });
}
