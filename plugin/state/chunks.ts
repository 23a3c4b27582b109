/**
 * Files of JSON of which a reader needs a part.
 *
 *     preamble   "pod-qos <kind and format>" and three numbers: the length of the key, and the length and sum of the header
 *     key        what it was made from, as text
 *     header     where the chunks are
 *     body       chunks of JSON; each is named by a span: where it begins, how long it is, its sum
 *
 * One file, renamed into place, so that a reader sees one state of it whoever writes.
 */
import { readSync } from "node:fs";
import { checksum } from "./checksum.ts";

export type Span = readonly [start: number, length: number, sum: number];

export type Append = (value: unknown) => Span;

export function renderChunks(kind: string, key: Buffer, headerOf: (append: Append) => unknown): Buffer {
  const chunks: Buffer[] = [];
  let end = 0;
  const header = Buffer.from(
    JSON.stringify(
      headerOf((value) => {
        const bytes = Buffer.from(JSON.stringify(value));
        const span: Span = [end, bytes.length, checksum(bytes)];
        chunks.push(bytes);
        end += bytes.length;
        return span;
      }),
    ),
  );
  const sizes = { key: key.length, header: header.length, sum: checksum(header) };
  return Buffer.concat([Buffer.from(preamble(kind, sizes)), key, header, ...chunks]);
}

/** The bytes of a file from a position on: fewer than asked for where it ends. */
export type ReadBytes = (position: number, length: number) => Buffer;

export type Chunks<Header> = {
  readonly header: Header;
  /** Throws Torn. */
  readonly chunk: <Value>(span: Span) => Value;
  /** Of the body, to be parsed later: throws Torn. */
  readonly bytes: (start: number, length: number) => Buffer;
};

/** It is not what its writer made it. */
export class Torn extends Error {}

/**
 * undefined where it is of another kind or format, or was made from something else. The sums say that it is what this build wrote,
 * so its types are not looked at again. `size`: of the file; a length that was torn may be more than memory holds.
 */
export function openChunks<Header>(
  kind: string,
  key: Buffer,
  size: number,
  read: ReadBytes,
): Chunks<Header> | undefined {
  const start = preamble(kind, { key: 0, header: 0, sum: 0 }).length;
  const sizes = parsePreamble(kind, read(0, start).toString("latin1"));
  if (sizes?.key !== key.length || start + sizes.key + sizes.header > size) return undefined;
  if (!whole(read, start, key.length).equals(key)) return undefined;
  const headerAt = start + key.length;
  const body = headerAt + sizes.header;
  return {
    header: parseChunk<Header>(whole(read, headerAt, sizes.header), sizes.sum),
    chunk: ([at, length, sum]) => parseChunk(whole(read, body + at, length), sum),
    bytes: (at, length) => whole(read, body + at, length),
  };
}

export function parseChunk<Value>(bytes: Buffer, sum: number): Value {
  if (checksum(bytes) !== sum) throw new Torn();
  return JSON.parse(bytes.toString("utf8")) as Value;
}

/** From a file that is open. */
export function fileBytes(file: number): ReadBytes {
  return (position, length) => {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, position));
  };
}

function whole(read: ReadBytes, position: number, length: number): Buffer {
  const bytes = read(position, length);
  if (bytes.length !== length) throw new Torn();
  return bytes;
}

type Sizes = { readonly key: number; readonly header: number; readonly sum: number };

function preamble(kind: string, { key, header, sum }: Sizes): string {
  return `pod-qos ${kind} ${[key, header, sum].map((value) => String(value).padStart(10, "0")).join(" ")}\n`;
}

function parsePreamble(kind: string, text: string): Sizes | undefined {
  const numbers = text.slice(`pod-qos ${kind}`.length);
  if (!text.startsWith(`pod-qos ${kind} `)) return undefined;
  const [, key, header, sum] = /^ (\d{10}) (\d{10}) (\d{10})\n$/.exec(numbers) ?? [];
  return key === undefined ? undefined : { key: Number(key), header: Number(header), sum: Number(sum) };
}
