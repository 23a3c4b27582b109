/** What of the node's own files is watched: records, and policy files. */
import { messageOf } from "../../errors.ts";
import { namesIn } from "../../state/file.ts";
import { stampFiles } from "../../state/policy-files.ts";
import { watchDirectory } from "../../state/watch-directory.ts";

/** Watches the directory of each network, also of those that come later. */
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

/** Watches each directory once and calls `changed` where one of its files differs. */
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
    // That it cannot be read is a state too: what can be read there next is a change.
    return messageOf(error);
  }
}
