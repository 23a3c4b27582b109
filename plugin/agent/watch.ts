/** Tells that something in a directory may have changed: at once by the kernel's word, and now and then in case that was missed. */
import { watch, type FSWatcher } from "node:fs";
import { messageOf } from "../errors.ts";
import { namesIn } from "../state/file.ts";
import { stampFiles } from "../state/policy-files.ts";

/** What is not told, such as a change on a file system of the network, or of what a link leads to, is found by looking. */
const scanMs = 20_000;
/** An editor writes a file in several steps. */
const settleMs = 20;

/**
 * `changed` is called once at first. A directory that is not there yet is watched once it is. What it throws ends no process: a
 * file that cannot be read now is looked at again with the next scan.
 */
export function watchDirectory(
  directory: string,
  changed: () => void,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): void {
  const look = (): void => {
    try {
      changed();
    } catch (error) {
      failed(error);
    }
  };
  let watcher: FSWatcher | undefined;
  let settling: NodeJS.Timeout | undefined;
  const soon = (): void => {
    settling ??= setTimeout(() => {
      settling = undefined;
      if (!signal.aborted) look();
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
  look();
}

/** The directories of all networks, and those that come. */
export function watchRecords(
  directory: string,
  signal: AbortSignal,
  changed: () => void,
  failed: (error: unknown) => void,
): void {
  const networks = new Set<string>();
  const look = (): void => {
    for (const name of namesIn(directory).filter((each) => !networks.has(each))) {
      networks.add(name);
      watchDirectory(`${directory}/${name}`, changed, signal, failed);
    }
  };
  watchDirectory(directory, look, signal, failed);
}

/** Each directory that is asked for is watched once: told is where a file in it is another. */
export function policyWatch(
  signal: AbortSignal,
  changed: (directory: string) => void,
  failed: (error: unknown) => void,
): (directories: ReadonlySet<string>) => void {
  const stamps = new Map<string, string>();
  const look = (directory: string): void => {
    const stamp = stampOf(directory);
    if (stamp === stamps.get(directory)) return;
    stamps.set(directory, stamp);
    changed(directory);
  };
  return (directories) => {
    for (const directory of [...directories].filter((each) => !stamps.has(each))) {
      stamps.set(directory, stampOf(directory));
      watchDirectory(directory, () => look(directory), signal, failed);
    }
  };
}

function stampOf(directory: string): string {
  try {
    return stampFiles(directory).key;
  } catch (error) {
    // Missing is a state like others: what can be read there next is news.
    return messageOf(error);
  }
}
