/** The runtimes' caches, followed: an attachment that comes there and has no record is to be adopted. */
import { usualCaches, withCache } from "../runtime/cached-results.ts";
import { watchDirectory } from "../state/watch-directory.ts";
import type { Loop } from "./context.ts";
import { forgetDeleted, stillCached } from "./unrecorded.ts";

const forgetEachMs = 60_000;

/** What it gives is to be called after the confs were read: a Multus there may have its cache elsewhere. */
export function followCaches(loop: Loop, failed: (error: unknown) => void): () => void {
  const { options, signal, world, setWorld, tell } = loop;
  if (!options.adopt) return () => undefined;
  const watched = new Set<string>();
  const look = (cache: string): void => {
    const { cached: before } = world();
    const cached = withCache(before, cache);
    setWorld({ ...world(), cached, deleted: stillCached(world().deleted, cached) });
    const paths = [...cached].flatMap(([path, { stamp, isDead }]) =>
      isDead === true || before.get(path)?.stamp === stamp ? [] : [path],
    );
    if (paths.length === 0) return;
    // Its record was written before. What is read here the records' own watch does not find new any more.
    const attachments = loop.readRecords();
    if (attachments.length > 0) tell({ kind: "records", attachments });
    tell({ kind: "cached", paths });
  };
  const forget = (): void => {
    const { deleted, paths } = forgetDeleted(world(), performance.now());
    if (deleted.size === world().deleted.size) return;
    setWorld({ ...world(), deleted });
    tell({ kind: "cached", paths });
  };
  const forgetting = setInterval(forget, forgetEachMs);
  signal.addEventListener("abort", () => clearInterval(forgetting));
  return () => {
    for (const cache of [...usualCaches, ...world().confs.caches].filter((each) => !watched.has(each))) {
      watched.add(cache);
      watchDirectory(`${cache}/results`, () => look(cache), signal, failed);
    }
  };
}
