/** libcni's caches on the node: an entry for each attachment whose ADD has succeeded and whose DEL has not. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { isAttachment, parseCachedResult, type CachedResult } from "../cni/cached-result.ts";

/** By the file's path. */
export type CachedResults = ReadonlyMap<string, CachedFile>;

export type CachedFile = {
  readonly stamp: string;
  /** undefined where it is none of an attachment that can be there. */
  readonly identity: Pick<CachedResult, "network" | "containerId" | "ifname"> | undefined;
  /** Its namespace had ended when it was read: no DEL came, and some nodes have thousands of these. It is not read again. */
  readonly isDead?: true;
};

/** Where runtimes keep theirs, and Multus that of its delegates. */
export const usualCaches: readonly string[] = ["/var/lib/cni", "/var/lib/cni/multus"];

/** With this cache as it is now. Read again only where a file has changed. */
export function withCache(before: CachedResults, cache: string): CachedResults {
  const directory = `${cache}/results/`;
  const others = [...before].filter(([path]) => !path.startsWith(directory));
  const own = filesIn(directory).flatMap((path) => {
    const file = readFile(path, before.get(path));
    return file === undefined ? [] : [[path, file] as const];
  });
  return new Map([...others, ...own]);
}

function readFile(path: string, former: CachedFile | undefined): CachedFile | undefined {
  const stamp = stampOf(path);
  if (stamp === undefined || former?.stamp === stamp) return stamp === undefined ? undefined : former;
  const cached = readCachedResult(path);
  if (cached === undefined) return { stamp, identity: undefined };
  const { network, containerId, ifname, netns } = cached;
  if (!existsSync(netns)) return { stamp, identity: undefined, isDead: true };
  return { stamp, identity: { network, containerId, ifname } };
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

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).map((name) => directory + name);
  } catch {
    // No such runtime here.
    return [];
  }
}
