/**
 * A compiled policy directory in one file, of which an ADD reads what its pod's namespace needs.
 *
 *     "pod-qos policies 1 <length> <sum>\n"   of the header
 *     header   the key of the files it was made from, and where each namespace is
 *     body     chunks of JSON; each is named by a span: where it begins, how long it is, its sum
 *
 * One file, renamed into place, so that a reader sees one state of it whoever writes. A file that is torn, of another
 * format, or made from other files counts for nothing.
 */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import type {
  Directory,
  NamespacePolicies,
  NetworkQosHead,
  Surroundings,
} from "../policy/manifests/manifest.ts";
import type { Rule } from "../policy/rule.ts";
import { checksum } from "./checksum.ts";

export type Span = readonly [start: number, length: number, sum: number];

export type CachedQos = NetworkQosHead & { readonly rulesAt: Span };

type Header = {
  readonly key: string;
  readonly surroundings: Span;
  readonly namespaces: Readonly<Record<string, Span>>;
};

/** Reads from one state of the cache; every method may throw, which means that the file is not to be believed. */
export type Cache = {
  readonly policies: (namespace: string) => NamespacePolicies<CachedQos> | undefined;
  readonly surroundings: () => Surroundings;
  readonly rules: (qos: CachedQos) => readonly Rule[];
};

const magic = "pod-qos policies 1";
const preambleLength = `${magic} 0000000000 0000000000\n`.length;

/** What `read` makes of the cache; undefined when there is none for these files. */
export function withCache<Value>(
  path: string,
  key: string,
  read: (cache: Cache) => Value,
): Value | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const opened = open(file, key);
    return opened === undefined ? undefined : read(opened);
  } catch (error) {
    if (error instanceof Torn || isIoError(error)) return undefined;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

export function writeCache(path: string, key: string, directory: Directory): void {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const temporary = `${path}.${process.pid}${temporarySuffix}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  sweep(folder);
  writeFileSync(temporary, render(key, directory), { mode: 0o600 });
  renameSync(temporary, path);
}

class Torn extends Error {}

function open(file: number, key: string): Cache | undefined {
  const preamble = readBytes(file, 0, preambleLength).toString("latin1");
  const [, length, sum] = /^pod-qos policies 1 (\d{10}) (\d{10})\n$/.exec(preamble) ?? [];
  if (length === undefined || sum === undefined) return undefined;
  // A length that was torn may be more than memory holds.
  if (Number(length) > fstatSync(file).size) return undefined;
  const header = readChunk<Header>(file, preambleLength, [0, Number(length), Number(sum)]);
  if (header.key !== key) return undefined;
  const body = preambleLength + Number(length);
  return {
    policies: (namespace) => {
      const span = Object.hasOwn(header.namespaces, namespace) ? header.namespaces[namespace] : undefined;
      return span && readChunk<NamespacePolicies<CachedQos>>(file, body, span);
    },
    surroundings: () => readChunk<Surroundings>(file, body, header.surroundings),
    rules: ({ rulesAt }) => readChunk<readonly Rule[]>(file, body, rulesAt),
  };
}

/** The sum says that it is what this build wrote, so its type is not looked at again. */
function readChunk<Value>(file: number, base: number, [start, length, sum]: Span): Value {
  const bytes = readBytes(file, base + start, length);
  if (checksum(bytes) !== sum) throw new Torn();
  return JSON.parse(bytes.toString("utf8")) as Value;
}

function readBytes(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  if (readSync(file, bytes, 0, length, position) !== length) throw new Torn();
  return bytes;
}

function render(key: string, { namespaces, surroundings }: Directory): Buffer {
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
  const header: Header = {
    key,
    surroundings: append(surroundings),
    namespaces: Object.fromEntries(spans),
  };
  const headerBytes = Buffer.from(JSON.stringify(header));
  const preamble = `${magic} ${digits(headerBytes.length)} ${digits(checksum(headerBytes))}\n`;
  return Buffer.concat([Buffer.from(preamble), headerBytes, ...chunks]);
}

function digits(value: number): string {
  return String(value).padStart(10, "0");
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

function isIoError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}
