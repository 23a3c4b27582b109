/**
 * One process at a time works at an attachment: ADD, DEL, GC or the agent. The others wait for it, and for a tool that outlives
 * it, 5 s at most. A dead process without such a tool holds nothing, and the next one finds what it has begun.
 */
import type { Identity } from "../datapath/names.ts";
import { CniError, ErrorCode } from "../errors.ts";
import { hasTools, lifeOf, ownProcess, upTime } from "../kernel/process.ts";
import { within } from "../kernel/time-limit.ts";
import { enterLock, leaveLock, lockEntries, type LockEntry } from "../state/locks.ts";

export type Lock = { readonly stateDir: string; readonly identity: Identity; readonly verb: string };

export async function alone<Value>(lock: Lock, body: () => Promise<Value>): Promise<Value> {
  const mine = await enter(lock);
  try {
    return await body();
  } finally {
    if (mine !== undefined) leaveLock(lock.stateDir, mine);
  }
}

/** For the agent, which can try again: a DEL that waits meanwhile gets its turn, also where a tool hangs. */
export function aloneBriefly<Value>(lock: Lock, body: () => Promise<Value>): Promise<Value> {
  return alone(lock, () => within(longestWorkMs, body));
}

/** 2 s in all, with what comes before the first tool and behind the last. */
const longestWorkMs = 1_900;

/** Removes what dead processes left, of every attachment: some are never called for again. */
export function sweepLocks(stateDir: string): void {
  for (const entry of lockEntries(stateDir, undefined)) if (!isHeld(entry)) leaveLock(stateDir, entry.name);
}

/** For who only looks: it waits for nobody and removes nothing. */
export function isWorkedAt(stateDir: string, identity: Identity): boolean {
  return lockEntries(stateDir, identity).some(isHeld);
}

const longestWaitMs = 5_000;

async function enter(lock: Lock): Promise<string | undefined> {
  const until = performance.now() + longestWaitMs;
  for (;;) {
    const mine = tryToEnter(lock);
    if (typeof mine !== "object") return mine;
    if (performance.now() > until) throw busy(mine, lock);
    // At a random moment: of two that try at once both give way.
    await new Promise((resolve) => setTimeout(resolve, 3 + Math.random() * 12));
  }
}

/** The name of our own entry, or the entry of another process that was there before. */
function tryToEnter({ stateDir, identity, verb }: Lock): string | undefined | LockEntry {
  const before = holderOf(stateDir, identity, undefined);
  if (before !== undefined) return before;
  const mine = tryToWrite(() => enterLock(stateDir, identity, { ...ownProcess(), verb, since: upTime() }));
  if (mine === undefined) return undefined;
  const other = holderOf(stateDir, identity, mine);
  if (other !== undefined) leaveLock(stateDir, mine);
  return other ?? mine;
}

/**
 * undefined where nothing can be written. Then no record can be either, so nothing comes to be there; and what is there can
 * still be taken away, which may be what makes room.
 */
function tryToWrite(write: () => string): string | undefined {
  try {
    return write();
  } catch {
    return undefined;
  }
}

function holderOf(stateDir: string, identity: Identity, mine: string | undefined): LockEntry | undefined {
  const others = lockEntries(stateDir, identity).filter(({ name }) => name !== mine);
  for (const entry of others) {
    if (isHeld(entry)) return entry;
    leaveLock(stateDir, entry.name);
  }
  return undefined;
}

/** Longer than any work takes: each tool has 20 s. */
const longestHeldSeconds = 120;

/**
 * Of a process that cannot be seen from here only the time tells. What one that has ended left running holds the lock as long at
 * most: nobody ends such a tool any more. A time from the future is no time.
 */
function isHeld(entry: LockEntry): boolean {
  const seconds = upTime() - entry.since;
  const isRecent = seconds >= 0 && seconds < longestHeldSeconds;
  switch (lifeOf(entry)) {
    case "running":
      return true;
    case "ended":
      return isRecent && hasTools(entry);
    case "hidden":
      return isRecent;
  }
}

function busy({ pid, verb, since }: LockEntry, { identity }: Lock): CniError {
  const seconds = Math.max(0, upTime() - since).toFixed(1);
  return new CniError(
    ErrorCode.tryAgainLater,
    `${verb} (process ${pid}) has been at work at ${identity.ifname} of container ${identity.containerId} for ${seconds} s: try again later`,
  );
}
