/**
 * `install --watch`, and the agent with `--install`: pod-qos is kept in the chain while this process runs.
 *
 *     the conf directory changes ─┐
 *     a second has passed, while ─┼─► look, plan ─► nothing to change: wait ─► else, alone on the node: look again, write
 *     all is not as it should be ─┘
 *
 * Whatever happens to a file, the answer is to look at all of them again: no event is trusted, and none is needed. What this process
 * writes itself is such an event too, and finds nothing to change.
 */
import { statSync } from "node:fs";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { watchConfs } from "../state/watch-directory.ts";
import { createBell } from "./bell.ts";
import { createKeeper, type KeepOptions } from "./keeper.ts";
import { onNode } from "../runtime/paths.ts";
import { findPlaces } from "../runtime/places.ts";
import { leaveKeeping, tryToKeep } from "./node/turn.ts";

export type { KeepOptions } from "./keeper.ts";

/** Until the signal, and nothing is changed then. One process per node does it, the next one waits. */
export async function keepInstalled(options: KeepOptions, log: Log, signal: AbortSignal): Promise<void> {
  if (!(await becomeKeeper(options.root, log, signal))) return;
  try {
    const turn = await createKeeper(options, log, signal);
    while (!signal.aborted) await followDirectory(options, turn, signal);
  } finally {
    leaveKeeping(options.root);
  }
}

/** false where this process is asked to end first. */
async function becomeKeeper(root: string, log: Log, signal: AbortSignal): Promise<boolean> {
  const bell = createBell();
  let known: number | undefined;
  while (!signal.aborted) {
    const other = tryToKeep(root);
    if (other === undefined) return true;
    if (other.pid !== known)
      log(
        "info",
        `process ${other.pid} keeps pod-qos on this node already, or takes it off: waiting until it ends`,
      );
    known = other.pid;
    // At a random moment: of two that try at once both give way.
    await bell.heard(500 + Math.random() * 500, signal);
  }
  return false;
}

/** As long as it is the same directory: a distribution may make another one, at its first start or at an upgrade. */
async function followDirectory(
  options: KeepOptions,
  turn: () => Promise<number>,
  signal: AbortSignal,
): Promise<void> {
  const bell = createBell();
  const gone = new AbortController();
  const { confDir, identity } = directoryOf(options);
  watchConfs(onNode(options.root, confDir), bell.ring, AbortSignal.any([signal, gone.signal]), bell.ring);
  while (!signal.aborted && directoryOf(options).identity === identity) {
    await bell.heard(await turn(), signal);
  }
  gone.abort();
}

function directoryOf(options: KeepOptions): { readonly confDir: string; readonly identity: string } {
  const { confDir } = findPlaces(options.root, options);
  return { confDir, identity: `${confDir} ${identityOf(onNode(options.root, confDir))}` };
}

/** One that cannot be read is one as well: the keeper reports it, and tries again. */
function identityOf(path: string): string {
  try {
    const { dev, ino } = statSync(path);
    return `${dev} ${ino}`;
  } catch (error) {
    return messageOf(error);
  }
}
