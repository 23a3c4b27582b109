/** libcni's caches on the node: an entry for each attachment whose ADD has succeeded and whose DEL has not. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { isAttachment, parseCachedResult, type CachedResult } from "../cni/cached-result.ts";

/** By the file's path. */
export type CachedResults = ReadonlyMap<string, CachedFile>;

export type CachedFile = {
  readonly stamp: string;
  /** undefined where it is none of an attachment. */
  readonly identity: Pick<CachedResult, "network" | "containerId" | "ifname"> | undefined;
};

/** Where runtimes keep theirs, and Multus that of its delegates. */
export const usualCaches: readonly string[] = ["/var/lib/cni", "/var/lib/cni/multus"];

/** Read again only where a file has changed. */
export function readCachedResults(caches: Iterable<string>, before: CachedResults): CachedResults {
  const paths = [...caches].flatMap((cache) => filesIn(`${cache}/results`));
  return new Map(
    paths.flatMap((path) => {
      const stamp = stampOf(path);
      const former = before.get(path);
      if (stamp === undefined) return [];
      return [[path, former?.stamp === stamp ? former : { stamp, identity: identityIn(path) }]];
    }),
  );
}

/** undefined where it is not there any more, or is none of an attachment. */
export function readCachedResult(path: string): CachedResult | undefined {
  try {
    const cached = parseCachedResult(readFileSync(path, "utf8"));
    return cached && isAttachment(cached) ? cached : undefined;
  } catch {
    return undefined;
  }
}

/** undefined where there is no such file. */
export function stampOf(path: string): string | undefined {
  try {
    const { ino, mtimeMs, size } = statSync(path);
    return [ino, mtimeMs, size].join(" ");
  } catch {
    return undefined;
  }
}

function identityIn(path: string): CachedFile["identity"] {
  const cached = readCachedResult(path);
  if (cached === undefined) return undefined;
  const { network, containerId, ifname } = cached;
  return { network, containerId, ifname };
}

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).map((name) => `${directory}/${name}`);
  } catch {
    // No such runtime here.
    return [];
  }
}
