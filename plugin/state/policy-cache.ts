/**
 * Reads a compiled policy directory, of which an ADD needs what is about its pod's namespace. One file, renamed into place, so
 * that a reader sees one state of it whoever writes. One that is torn, of another format, or made from other files counts for
 * nothing. policy-cache-file.ts has its layout.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import type { NamespacePolicies, Surroundings } from "../policy/manifests/manifest.ts";
import type { Rule } from "../policy/rule.ts";
import { checksum } from "./checksum.ts";
import {
  parsePreamble,
  preambleLength,
  type CachedQos,
  type Header,
  type Span,
} from "./policy-cache-file.ts";

/** Reads from one state of the file. */
export type Cache = {
  readonly policies: (namespace: string) => NamespacePolicies<CachedQos> | undefined;
  readonly surroundings: () => Surroundings;
  readonly rules: (qos: CachedQos) => readonly Rule[];
};

/** What `read` makes of the cache; undefined when there is none for these files, or it turns out to be torn. */
export function withCache<Value>(
  path: string,
  key: string,
  read: (cache: Cache) => Value,
): Value | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const opened = open(file, Buffer.from(key));
    return opened === undefined ? undefined : read(opened);
  } catch (error) {
    if (error instanceof Torn || isIoError(error)) return undefined;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

class Torn extends Error {}

function open(file: number, key: Buffer): Cache | undefined {
  const sizes = parsePreamble(readBytes(file, 0, preambleLength).toString("latin1"));
  // A length that was torn may be more than memory holds.
  if (sizes?.keyLength !== key.length || sizes.headerLength > fstatSync(file).size) return undefined;
  if (!readBytes(file, preambleLength, key.length).equals(key)) return undefined;
  const headerStart = preambleLength + key.length;
  const header = readChunk<Header>(file, headerStart, [0, sizes.headerLength, sizes.headerSum]);
  const body = headerStart + sizes.headerLength;
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

function isIoError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}
