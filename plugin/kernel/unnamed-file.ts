/** A file without a name: what a child reads or writes, gone with the last descriptor, also when we are killed. */
import { constants, openSync, unlinkSync } from "node:fs";

/** In memory where there is any; the node's root file system may be read-only. */
const directories = ["/run", "/dev/shm", "/tmp"];

/** Node does not export O_TMPFILE. The kernel defines it together with O_DIRECTORY, whose value depends on the CPU. */
const unnamed = 0o20000000 | constants.O_DIRECTORY | constants.O_RDWR;

let working: string | undefined;

export function openUnnamed(): number {
  if (working !== undefined) return open(working);
  let reason: unknown;
  for (const directory of directories) {
    try {
      const fd = open(directory);
      working = directory;
      return fd;
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
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
