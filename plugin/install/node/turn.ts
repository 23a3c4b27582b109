/**
 * Two locks of a node, below /run, for no runtime watches that: who keeps pod-qos installed (one at a time, for as long as it runs),
 * and who works at the two directories (one at a time, for seconds). A dead process holds neither.
 */
import { rmdirSync } from "node:fs";
import { CniError, ErrorCode } from "../../errors.ts";
import type { Process } from "../../kernel/process.ts";
import { leaveSole, tryToBeSole } from "../../state/sole.ts";
import { onNode } from "../../runtime/paths.ts";

/** Staging a hundred megabytes on a slow disk, and STATUS. */
const longestTurnMs = 60_000;

/** Waits for whoever works at the directories. */
export async function inTurn<Value>(
  root: string,
  body: () => Value | Promise<Value>,
  signal?: AbortSignal,
): Promise<Value> {
  const directory = pathOf(root, "turn");
  const other = await enter(directory, longestTurnMs, signal);
  if (other !== undefined) throw busy(`another install or uninstall (process ${other.pid}) is at work`);
  try {
    return await body();
  } finally {
    leaveSole(directory);
  }
}

/** For an uninstall: whoever keeps pod-qos installed would put all of it back. */
export async function withoutKeeper<Value>(root: string, body: () => Promise<Value>): Promise<Value> {
  const directory = pathOf(root, "keeper");
  const other = await enter(directory, endingTakesMs);
  if (other !== undefined) {
    throw busy(
      `"install --watch" or "agent --install" (process ${other.pid}) keeps pod-qos on this node: end it first`,
    );
  }
  try {
    return await body();
  } finally {
    leaveSole(directory);
  }
}

/** One that is being ended may need a moment. */
const endingTakesMs = 1_000;

/** The one that is there already, or undefined: then it is this process until it leaves. */
export function tryToKeep(root: string): Process | undefined {
  return tryToEnter(pathOf(root, "keeper"));
}

export function leaveKeeping(root: string): void {
  leaveSole(pathOf(root, "keeper"));
}

/** The last that an uninstall does. What somebody else is in stays. */
export function forgetTurns(root: string): void {
  for (const path of [pathOf(root, "turn"), pathOf(root, "keeper"), onNode(root, place)]) {
    try {
      rmdirSync(path);
    } catch {
      return;
    }
  }
}

const place = "/run/pod-qos-install";

function pathOf(root: string, lock: "turn" | "keeper"): string {
  return onNode(root, `${place}/${lock}`);
}

/** Who is there still, or undefined. */
async function enter(
  directory: string,
  longestMs: number,
  signal?: AbortSignal,
): Promise<Process | undefined> {
  const until = performance.now() + longestMs;
  for (;;) {
    const other = tryToEnter(directory);
    if (other === undefined || performance.now() > until) return other;
    signal?.throwIfAborted();
    // At a random moment: of two that try at once both give way.
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 60));
  }
}

/** Where nothing can be written there is nothing to be alone with, and what is tried next says so better. */
function tryToEnter(directory: string): Process | undefined {
  try {
    return tryToBeSole(directory);
  } catch {
    return undefined;
  }
}

function busy(message: string): CniError {
  return new CniError(ErrorCode.tryAgainLater, message, "Nothing was changed.");
}
