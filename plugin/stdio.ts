/** stdin, stdout and stderr, synchronous: the streams of node:process cost a tenth of start-up. */
import { readSync, writeSync } from "node:fs";
import { CniError, ErrorCode } from "./errors.ts";

/** Far above any network configuration; a runaway writer must not take the node's memory. */
const largestInput = 64 * 1024 * 1024;

export function readInput(): string {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(65_536);
    const length = readChunk(chunk);
    if (length === 0) break;
    size += length;
    if (size > largestInput) throw new CniError(ErrorCode.io, `stdin is longer than ${largestInput} bytes`);
    chunks.push(chunk.subarray(0, length));
  }
  const text = Buffer.concat(chunks).toString("utf8");
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/** Whether all of it was taken: a runtime that got no result must not be told that all is well. */
export function print(text: string): boolean {
  return write(1, text);
}

export function printFault(text: string): boolean {
  return write(2, text);
}

function write(fd: number, text: string): boolean {
  const bytes = Buffer.from(`${text}\n`);
  let written = 0;
  while (written < bytes.length) {
    const length = writeChunk(fd, bytes, written);
    if (length === undefined) return false;
    written += length;
  }
  return true;
}

/** A runtime written in Go gives blocking pipes; others may not, and then a slow writer reads as EAGAIN. */
function readChunk(chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(0, chunk);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw new CniError(ErrorCode.io, "stdin cannot be read", String(code));
      sleep(1);
    }
  }
}

/** undefined when nobody reads any more: there is no one left to tell. */
function writeChunk(fd: number, bytes: Buffer, from: number): number | undefined {
  try {
    return writeSync(fd, bytes, from);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return undefined;
    sleep(1);
    return 0;
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
