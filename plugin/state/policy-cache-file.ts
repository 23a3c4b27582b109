/** The file of a compiled policy directory, and how it is written. */
import { readdirSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import type { Directory, NetworkQosHead } from "../policy/manifests/manifest.ts";
import { renderChunks, type Span } from "./chunks.ts";
import { makeDirectory } from "./file.ts";

export const cacheKind = "policies 3";

/** The rules are in a chunk of their own: most pods are not selected. */
export type CachedQos = NetworkQosHead & { readonly rulesAt: Span };

/** Where each namespace is, and what selectors are held against. */
export type Header = {
  readonly selectsNetworks: boolean;
  readonly surroundings: Span;
  readonly namespaces: Readonly<Record<string, Span>>;
};

/** `key`: what the files were that it was made from. */
export function writeCache(path: string, key: string, directory: Directory): void {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const temporary = `${path}.${process.pid}${temporarySuffix}`;
  makeDirectory(folder);
  sweep(folder);
  writeFileSync(temporary, render(Buffer.from(key), directory), { mode: 0o600 });
  renameSync(temporary, path);
}

function render(key: Buffer, { namespaces, surroundings, selectsNetworks }: Directory): Buffer {
  return renderChunks(cacheKind, key, (append): Header => {
    const spans = Array.from(namespaces, ([namespace, policies]) => {
      const networkQos = policies.networkQos.map(({ rules, ...head }): CachedQos => ({
        ...head,
        rulesAt: append(rules),
      }));
      return [namespace, append({ ...policies, networkQos })] as const;
    });
    return { selectsNetworks, surroundings: append(surroundings), namespaces: Object.fromEntries(spans) };
  });
}

const temporarySuffix = ".tmp";
const abandonedAfterMs = 60_000;

/** What a writer left that was killed; one that is at work is younger. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(temporarySuffix)) continue;
    const stat = statSync(`${folder}/${name}`, { throwIfNoEntry: false });
    if (stat !== undefined && Date.now() - stat.mtimeMs > abandonedAfterMs) unlinkSync(`${folder}/${name}`);
  }
}
