/** Tells that something in a directory may have changed: at once by the kernel's word, and now and then in case that was missed. */
import { watch, type FSWatcher } from "node:fs";

/** What is not told, such as a change on a file system of the network, or of what a link leads to, is found by looking. */
const scanMs = 20_000;
/** An editor writes a file in several steps. */
const settleMs = 20;

/** `changed` is called once at first. A directory that is not there yet is watched once it is. */
export function watchDirectory(directory: string, changed: () => void, signal: AbortSignal): void {
  let watcher: FSWatcher | undefined;
  let settling: NodeJS.Timeout | undefined;
  const soon = (): void => {
    settling ??= setTimeout(() => {
      settling = undefined;
      if (!signal.aborted) changed();
    }, settleMs);
  };
  const lost = (): void => {
    watcher?.close();
    watcher = undefined;
    soon();
  };
  const open = (): void => {
    if (watcher !== undefined || signal.aborted) return;
    try {
      watcher = watch(directory, soon);
      watcher.on("error", lost);
    } catch {
      // Not there, or no more watches to be had: the scan finds what changes.
    }
  };
  const scan = setInterval(() => {
    // A directory that was put in the place of another is not the one that is watched.
    lost();
    open();
  }, scanMs);
  signal.addEventListener("abort", () => {
    clearInterval(scan);
    clearTimeout(settling);
    watcher?.close();
  });
  open();
  changed();
}
