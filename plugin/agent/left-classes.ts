/** Classes that the conf has no more go with their last pod. Which pods have ended shows by their records: DEL, GC or we removed them. */
import { hasLeftFormer } from "../attachment/uplink/former.ts";
import type { Records } from "./node/records.ts";
import type { News } from "./news.ts";

export function classesLeft(stateDir: string, before: Records, now: Records): readonly News[] {
  const gone = [...before].flatMap(([key, { record }]) => (now.has(key) ? [] : (record ?? [])));
  const networks = gone
    .filter(({ membership }) => hasLeftFormer(stateDir, membership, undefined))
    .map(({ identity }) => identity.network);
  return [...new Set(networks)].map((network) => ({ kind: "former class left", network }));
}
