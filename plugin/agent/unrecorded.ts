/** What runtimes have added and has no record: what of it is to be adopted, and what a DEL may be at work at. Pure. */
import { keyOf, type Records } from "./node/records.ts";
import type { World } from "./world.ts";

/** The files of attachments that a runtime has added to a network with pod-qos, and that have no record. */
export function unrecorded(
  { cached, records, deleted, confs, view }: World,
  networks?: readonly string[],
): readonly string[] {
  const defined = new Set(view?.snapshot.networks.map(({ network }) => network));
  return [...cached].flatMap(([path, { identity }]) => {
    if (identity === undefined) return [];
    const { network } = identity;
    const isAsked = networks === undefined || networks.includes(network);
    const isServed = confs.entries.has(network) || defined.has(network);
    const key = keyOf(identity);
    return isAsked && isServed && !records.has(key) && !deleted.has(key) ? [path] : [];
  });
}

/** With what had a record and has none any more. A DEL may still be going on: the runtime forgets it when all of it is done. */
export function withDeleted(
  { records: before, deleted }: World,
  now: Records,
  nowMs: number,
): World["deleted"] {
  const gone = [...before.keys()].filter((key) => !now.has(key));
  return gone.length === 0 ? deleted : new Map([...deleted, ...gone.map((key) => [key, nowMs] as const)]);
}

/** Without what no runtime knows any more. */
export function stillCached(deleted: World["deleted"], cached: World["cached"]): World["deleted"] {
  const known = new Set([...cached.values()].flatMap(({ identity }) => (identity ? [keyOf(identity)] : [])));
  return new Map([...deleted].filter(([key]) => known.has(key)));
}

/** No DEL takes so long. What the runtime knows yet was taken off a pod that runs, as `pod-qos uninstall` does it. */
const longestDelMs = 300_000;

/** Without what was deleted long ago, and the files of that: it may be adopted as if it never had a record. */
export function forgetDeleted(
  { cached, deleted }: World,
  nowMs: number,
): { readonly deleted: World["deleted"]; readonly paths: readonly string[] } {
  const recent = new Map([...deleted].filter(([, sinceMs]) => nowMs - sinceMs < longestDelMs));
  const isForgotten = (key: string): boolean => deleted.has(key) && !recent.has(key);
  const paths = [...cached].flatMap(([path, { identity }]) =>
    identity !== undefined && isForgotten(keyOf(identity)) ? [path] : [],
  );
  return { deleted: recent, paths };
}
