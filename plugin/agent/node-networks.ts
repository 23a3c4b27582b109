/** Which networks the node's own conflists make, told to ADD and to decisions beside what the API says. Pure. */
import { objectsOf } from "../knowledge/objects.ts";
import type { World } from "./world.ts";

/** For each new world: what is known, with the conf directory's networks of today. */
export function withNodeNetworks(world: World): World {
  const { known, confs } = world;
  const nodeNetworks = [...confs.entries.keys()].toSorted();
  if (known === undefined || isEqual(known.snapshot.nodeNetworks, nodeNetworks)) return world;
  const snapshot = { ...known.snapshot, nodeNetworks };
  return { ...world, known: { ...known, snapshot, objects: objectsOf(snapshot) } };
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
