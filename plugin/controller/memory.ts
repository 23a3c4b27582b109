/** What the writer remembers of an object. Pure. */
import { backOffMs } from "./pace.ts";
import type { QosObject } from "./view.ts";

export type Memory = {
  readonly version: string;
  /** What its status said. */
  readonly status: QosObject["written"];
  /** When that last changed, by whomever. */
  readonly writtenMs: number | undefined;
  /** Our own write made this version: until the watch brings it, what we know of the object is old. */
  readonly awaited: string;
  readonly foreign: readonly string[];
  /** The server refused to write this version, so many times in a row. */
  readonly refused:
    | { readonly times: number; readonly untilMs: number; readonly isSaid: boolean }
    | undefined;
};

export function remembered(before: Memory | undefined, object: QosObject, nowMs: number): Memory {
  const { version, written: status } = object;
  const first = { version, status, writtenMs: undefined, awaited: "", foreign: [], refused: undefined };
  if (before === undefined) return first;
  if (before.version === version) return before;
  const isWritten = JSON.stringify(before.status) !== JSON.stringify(status);
  return { ...before, version, status, writtenMs: isWritten ? nowMs : before.writtenMs, refused: undefined };
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
