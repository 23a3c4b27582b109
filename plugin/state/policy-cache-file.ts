/**
 * The file of a compiled policy directory, and how it is written.
 *
 *     preamble   "pod-qos policies 1" and three numbers: the length of the key, and the length and sum of the header
 *     key        what the files were that it was made from, as text
 *     header     where each namespace is, and what selectors are held against
 *     body       chunks of JSON; each is named by a span: where it begins, how long it is, its sum
 */
import { readdirSync, renameSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import type { Directory, NetworkQosHead } from "../policy/manifests/manifest.ts";
import { checksum } from "./checksum.ts";
import { makeDirectory } from "./file.ts";

export type Span = readonly [start: number, length: number, sum: number];

/** The rules are in a chunk of their own: most pods are not selected. */
export type CachedQos = NetworkQosHead & { readonly rulesAt: Span };

export type Header = {
  readonly surroundings: Span;
  readonly namespaces: Readonly<Record<string, Span>>;
};

export function writeCache(path: string, key: string, directory: Directory): void {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const temporary = `${path}.${process.pid}${temporarySuffix}`;
  makeDirectory(folder);
  sweep(folder);
  writeFileSync(temporary, render(Buffer.from(key), directory), { mode: 0o600 });
  renameSync(temporary, path);
}

type Sizes = { readonly keyLength: number; readonly headerLength: number; readonly headerSum: number };

export function parsePreamble(text: string): Sizes | undefined {
  const [, key, header, sum] = /^pod-qos policies 1 (\d{10}) (\d{10}) (\d{10})\n$/.exec(text) ?? [];
  if (key === undefined) return undefined;
  return { keyLength: Number(key), headerLength: Number(header), headerSum: Number(sum) };
}

function preamble({ keyLength, headerLength, headerSum }: Sizes): string {
  const numbers = [keyLength, headerLength, headerSum].map((value) => String(value).padStart(10, "0"));
  return `pod-qos policies 1 ${numbers.join(" ")}\n`;
}

export const preambleLength = preamble({ keyLength: 0, headerLength: 0, headerSum: 0 }).length;

function render(key: Buffer, { namespaces, surroundings }: Directory): Buffer {
  const chunks: Buffer[] = [];
  let end = 0;
  const append = (value: unknown): Span => {
    const bytes = Buffer.from(JSON.stringify(value));
    const span: Span = [end, bytes.length, checksum(bytes)];
    chunks.push(bytes);
    end += bytes.length;
    return span;
  };
  const spans = Array.from(namespaces, ([namespace, policies]) => {
    const networkQos = policies.networkQos.map(({ rules, ...head }): CachedQos => ({
      ...head,
      rulesAt: append(rules),
    }));
    return [namespace, append({ ...policies, networkQos })] as const;
  });
  const header: Header = { surroundings: append(surroundings), namespaces: Object.fromEntries(spans) };
  const headerBytes = Buffer.from(JSON.stringify(header));
  const sizes = {
    keyLength: key.length,
    headerLength: headerBytes.length,
    headerSum: checksum(headerBytes),
  };
  return Buffer.concat([Buffer.from(preamble(sizes)), key, headerBytes, ...chunks]);
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
