/**
 * Three locks of a node, below /run, for no runtime watches that: who keeps pod-qos installed, or keeps it from being installed (one at
 * a time, for as long as it runs), who takes it off, and who works at the two directories (one at a time). A dead process holds none.
 */
import { rmdirSync } from "node:fs";
import { CniError, ErrorCode } from "../../errors.ts";
import type { Process } from "../../kernel/process.ts";
import { isAbsence } from "../../state/file.ts";
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
  const withoutOther = (): Promise<Value> =>
    alone(
      pathOf(root, "keeper"),
      (pid) =>
        `"install --watch" or "agent --install" (process ${pid}) keeps pod-qos on this node: end it first`,
      body,
    );
  // It has the other lock too, and is not to be ended: it may work at running pods for minutes.
  return await alone(
    pathOf(root, "uninstall"),
    (pid) => `another uninstall (process ${pid}) is at work: wait until it has ended`,
    withoutOther,
  );
}

async function alone<Value>(
  directory: string,
  refusal: (pid: number) => string,
  body: () => Promise<Value>,
): Promise<Value> {
  const other = await enter(directory, endingTakesMs);
  if (other !== undefined) throw busy(refusal(other.pid));
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
  for (const path of [...locks.map((lock) => pathOf(root, lock)), onNode(root, place)]) {
    try {
      rmdirSync(path);
    } catch (error) {
      if (!isAbsence(error)) return;
    }
  }
}

const place = "/run/pod-qos-install";

const locks = ["turn", "keeper", "uninstall"] as const;

function pathOf(root: string, lock: (typeof locks)[number]): string {
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
