/** Which networks the node's own conflists make: part of what decisions and ADD know of the cluster. Pure. */
import { objectsOf } from "../knowledge/objects.ts";
import type { World } from "./world.ts";

/** For each new world: what is known, with the conf directory's networks of today. */
export function withNodeNetworks(world: World): World {
  const { view, confs } = world;
  const nodeNetworks = [...confs.entries.keys()].toSorted();
  if (view === undefined || isEqual(view.snapshot.nodeNetworks, nodeNetworks)) return world;
  const snapshot = { ...view.snapshot, nodeNetworks };
  return { ...world, view: { ...view, snapshot, objects: objectsOf(snapshot) } };
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
