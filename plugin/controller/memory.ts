/** What the writer remembers of an object. Pure. */
import type { Wanted } from "./object-status.ts";
import { backOffMs } from "./pace.ts";
import type { QosObject } from "./view.ts";

export type Memory = {
  readonly version: string;
  /** What its status said, and the version in which that was first seen. */
  readonly status: QosObject["written"];
  readonly statusVersion: string;
  /** When that last changed, by whomever. */
  readonly writtenMs: number | undefined;
  /** Our own write made this version: until the watch brings it, what we know of the object is old. */
  readonly awaited: string;
  readonly foreign: readonly string[];
  /** What we wrote last, when, and how often we had to write it again. */
  readonly own: { readonly text: string; readonly atMs: number; readonly again: number } | undefined;
  /** The server refused to write this version, so many times in a row. */
  readonly refused:
    | { readonly times: number; readonly untilMs: number; readonly isSaid: boolean }
    | undefined;
};

export function remembered(before: Memory | undefined, object: QosObject, nowMs: number): Memory {
  const { version, written: status } = object;
  if (before === undefined) return { ...unknown, version, status, statusVersion: version };
  if (before.version === version) return before;
  const now = { ...before, version, status, refused: undefined };
  return JSON.stringify(before.status) === JSON.stringify(status)
    ? now
    : { ...now, statusVersion: version, writtenMs: nowMs };
}

const unknown = { writtenMs: undefined, awaited: "", foreign: [], own: undefined, refused: undefined };

/** The server took our write, and made this version of it. */
export function afterWrite(
  before: Memory,
  wanted: Wanted,
  {
    version,
    foreign,
    nowMs,
  }: { readonly version: string; readonly foreign: readonly string[]; readonly nowMs: number },
): Memory {
  const text = textOf(wanted);
  const last = before.own;
  const isAgain = last?.text === text && nowMs - last.atMs < quarrelMs;
  const own = { text, atMs: nowMs, again: isAgain ? last.again + 1 : 0 };
  return { ...before, awaited: version, foreign, own, refused: undefined };
}

/** Two that write over each other do so within this time. */
const quarrelMs = 60_000;

/** How often we have written this, and somebody something else over it. */
export function timesOverwritten({ own }: Memory, wanted: Wanted): number {
  return own?.text === textOf(wanted) ? own.again + 1 : 0;
}

/** What the status says now was written by us. */
export function isOwn({ statusVersion, awaited }: Memory): boolean {
  return statusVersion === awaited;
}

function textOf({ text, ready, zones }: Wanted): string {
  return JSON.stringify([text, ready, zones]);
}

/** Conflict: somebody changed the object meanwhile. Missing: it is gone. Either way the watch says how it is now. */
export function afterRefusal(
  before: Memory,
  why: "conflict" | "missing",
  nowMs: number,
): { readonly memory: Memory; readonly isToSay: boolean } {
  const { times, isSaid } = before.refused ?? { times: 0, isSaid: false };
  // At the first time it has most likely been deleted just now.
  const isToSay = why === "missing" && times > 0 && !isSaid;
  const refused = { times: times + 1, untilMs: nowMs + backOffMs(times), isSaid: isSaid || isToSay };
  return { memory: { ...before, refused }, isToSay };
}
