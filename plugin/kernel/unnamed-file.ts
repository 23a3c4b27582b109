/** A file without a name: what a child reads or writes, gone with the last descriptor, also when we are killed. */
import { closeSync, constants, openSync, unlinkSync, writeSync } from "node:fs";

/** In memory where there is any; a node's root file system may be read-only, and any of them full. */
const directories = ["/run", "/dev/shm", "/tmp"];

/** Node does not export O_TMPFILE. The kernel defines it together with O_DIRECTORY, whose value depends on the CPU. */
const unnamed = 0o20000000 | constants.O_DIRECTORY | constants.O_RDWR;

/** Holds the text, with the offset, which a child shares, at the start. */
export function unnamedFile(text: string, candidates: readonly string[] = directories): number {
  let reason: unknown;
  for (const directory of candidates) {
    try {
      return fileIn(directory, text);
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
}

function fileIn(directory: string, text: string): number {
  const fd = open(directory);
  try {
    // A file system that is nearly full takes a part of it without an error, and half a batch can be a batch of its own.
    if (text !== "" && writeSync(fd, text, 0) < Buffer.byteLength(text))
      throw new Error(`no room in ${directory}`);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function open(directory: string): number {
  try {
    return openSync(directory, unnamed, 0o600);
  } catch {
    // A file system without unnamed files (overlay on some kernels): a name that lives for one system call.
    const path = `${directory}/.pod-qos-${process.pid}-${process.hrtime.bigint()}`;
    const fd = openSync(path, "wx+", 0o600);
    unlinkSync(path);
    return fd;
  }
}
