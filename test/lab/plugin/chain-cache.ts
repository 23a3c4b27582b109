import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Attachment, ChainOptions, Conflist } from "./conflist.ts";
import type { LabNode } from "../node/node.ts";

/** One attachment's entry in libcni's cache on a node. */
export interface CacheKey {
  readonly node: LabNode;
  readonly network: string;
  readonly attachment: Attachment;
}

/** By which chain an attachment was added, and what the runtime had to say. */
export interface CachedCall {
  readonly list: Conflist;
  readonly options: Pick<ChainOptions, "capArgs" | "cniArgs">;
  readonly netns: string;
}

/** Keeps the result of an ADD where libcni would. */
export const remember = (key: CacheKey, { list, options, netns }: CachedCall, result: unknown): void => {
  mkdirSync(key.node.path(RESULTS), { recursive: true });
  const entry: CacheEntry = {
    kind: "cniCacheV1",
    containerId: key.attachment.containerID,
    config: Buffer.from(JSON.stringify(list)).toString("base64"),
    ifName: key.attachment.ifname,
    networkName: key.network,
    netns,
    cniArgs: (options.cniArgs ?? "")
      .split(";")
      .filter(Boolean)
      .map((pair) => pair.split("=")),
    capabilityArgs: options.capArgs ?? {},
    result,
  };
  writeFileSync(cacheFile(key), JSON.stringify(entry));
};

/** What goes into the conf of CHECK and DEL: the kept result, or nothing. */
export const recalled = (key: CacheKey): { readonly prevResult?: unknown } =>
  existsSync(cacheFile(key)) ? { prevResult: readEntry(cacheFile(key)).result } : {};

export const forget = (key: CacheKey): void => rmSync(cacheFile(key), { force: true });

/** Every attachment of a network that was added and not deleted. */
export const remembered = (
  node: LabNode,
  network: string,
): readonly (Attachment & { readonly netns: string })[] => {
  const dir = node.path(RESULTS);
  return (existsSync(dir) ? readdirSync(dir) : [])
    .map((file) => readEntry(join(dir, file)))
    .filter((entry) => entry.networkName === network)
    .map(({ containerId, ifName, netns }) => ({ containerID: containerId, ifname: ifName, netns }));
};

const RESULTS = "/var/lib/cni/results";

interface CacheEntry {
  readonly kind: "cniCacheV1";
  readonly containerId: string;
  /** The chain, as base64. */
  readonly config: string;
  readonly ifName: string;
  readonly networkName: string;
  readonly netns: string;
  readonly cniArgs: readonly (readonly string[])[];
  readonly capabilityArgs: Readonly<Record<string, unknown>>;
  readonly result: unknown;
}

const cacheFile = ({ node, network, attachment }: CacheKey): string =>
  node.path(join(RESULTS, `${network}-${attachment.containerID}-${attachment.ifname}`));

const readEntry = (path: string): CacheEntry => JSON.parse(readFileSync(path, "utf8")) as CacheEntry;
