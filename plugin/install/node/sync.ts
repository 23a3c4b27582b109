/** Onto the disk, also a directory: after a power cut a rename that is not there has not been. */
import { closeSync, fsyncSync, openSync } from "node:fs";

export function sync(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
