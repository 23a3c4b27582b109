/** Tells that something in a directory may have changed: at once by the kernel's word, and now and then in case that was missed. */
import { statSync, watch, type FSWatcher } from "node:fs";
import { namesIn } from "./file.ts";

/** Some changes send no notice (a network file system, the target of a link): a look finds them. */
const scanMs = 20_000;
/** An editor writes a file in several steps. */
const settleMs = 20;

/**
 * Calls `changed` at once and after each change. A directory that does not exist yet is watched once it does. Where `changed`
 * throws, the next scan tries again.
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
      // It does not exist, or the limit of watches is reached: the scan finds what changes.
    }
  };
  const scan = setInterval(() => {
    // A watch stays with its directory, also when another one has taken the place.
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

/** A conf directory, and those in it: CNI 1.1 has a network's further plugins in files of a directory of its name. */
export function watchConfs(
  directory: string,
  changed: () => void,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): void {
  const inside = new Set<string>();
  const look = (): void => {
    changed();
    for (const name of directoriesIn(directory).filter((each) => !inside.has(each))) {
      inside.add(name);
      watchDirectory(`${directory}/${name}`, changed, signal, failed);
    }
  };
  watchDirectory(directory, look, signal, failed);
}

function directoriesIn(directory: string): readonly string[] {
  return namesIn(directory).filter((name) => isDirectory(`${directory}/${name}`));
}

/** A link may lead to itself, nowhere, or where nobody may look: none of that keeps us from the others. */
function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
