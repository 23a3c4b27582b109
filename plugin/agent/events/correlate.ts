/**
 * Which Events are written, and how: the rules and numbers of client-go (tools/record/events_cache.go), in its order. The same
 * Event again counts one up. Ten with other words and the same reason within ten minutes become one. Of one object 25 are written,
 * then one each five minutes. 4096 of each are remembered. Pure: the time comes in as a value.
 *
 * What client-go does not do: an Event that says what is so has a name made of its words. Where it is there already, because
 * another node or a former agent wrote it, the API server says so, and nothing is written.
 */
import type { EventData } from "./event.ts";
import { nameAt, nameByWords } from "./name.ts";

export type Memory = {
  readonly similar: ReadonlyMap<string, Similar>;
  readonly written: ReadonlyMap<string, Written>;
  readonly budgets: ReadonlyMap<string, Budget>;
};

type Similar = { readonly notes: readonly string[]; readonly lastMs: number };
type Written = { readonly name: string; readonly count: number; readonly firstMs: number };
type Budget = { readonly left: number; readonly atMs: number };

/** `count`: 1 where it is new. */
export type EventWrite = {
  readonly event: EventData;
  readonly name: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
};

export const nothingWritten: Memory = { similar: new Map(), written: new Map(), budgets: new Map() };

const remembered = 4096;
const [mostSimilar, similarMs] = [10, 600_000];
const [burst, refillMs] = [25, 300_000];

/** `write`: undefined where the object has had too many. */
export function correlate(
  memory: Memory,
  event: EventData,
  nowMs: number,
): { readonly memory: Memory; readonly write: EventWrite | undefined } {
  const { similar, combined, key } = aggregate(memory.similar, event, nowMs);
  const before = memory.written.get(key);
  const fresh = { name: nameFor(combined, combined !== event, nowMs), count: 0, firstMs: nowMs };
  const written: Written = { ...(before ?? fresh), count: (before?.count ?? 0) + 1 };
  const { budget, isAllowed } = spend(memory.budgets.get(aboutOf(event)), nowMs);
  return {
    memory: {
      similar,
      written: withLatest(memory.written, key, written),
      budgets: withLatest(memory.budgets, aboutOf(event), budget),
    },
    write: isAllowed ? { event: combined, ...written, lastMs: nowMs } : undefined,
  };
}

function aggregate(before: Memory["similar"], event: EventData, nowMs: number) {
  const about = `${aboutOf(event)} ${event.reason}`;
  const known = before.get(about);
  const isOld = known === undefined || nowMs - known.lastMs > similarMs;
  const notes = [...new Set([...(isOld ? [] : known.notes), event.note])];
  const isCombined = notes.length >= mostSimilar;
  const similar = withLatest(before, about, { notes: isCombined ? notes.slice(1) : notes, lastMs: nowMs });
  return isCombined
    ? { similar, key: about, combined: { ...event, note: `(combined from similar events): ${event.note}` } }
    : { similar, key: `${about} ${event.note}`, combined: event };
}

function nameFor(event: EventData, isCombined: boolean, nowMs: number): string {
  return isCombined || event.isHappening === true ? nameAt(event, nowMs) : nameByWords(event);
}

function spend(before: Budget | undefined, nowMs: number) {
  const had = before ?? { left: burst, atMs: nowMs };
  const left = Math.min(burst, had.left + (nowMs - had.atMs) / refillMs);
  const isAllowed = left >= 1;
  return { budget: { left: isAllowed ? left - 1 : left, atMs: nowMs }, isAllowed };
}

function aboutOf({ subject: { kind, namespace, name, uid } }: EventData): string {
  return `${kind} ${namespace}/${name} ${uid}`;
}

/** The one that was not touched for longest goes. */
function withLatest<Value>(
  map: ReadonlyMap<string, Value>,
  key: string,
  value: Value,
): ReadonlyMap<string, Value> {
  const rest = [...map].filter(([other]) => other !== key);
  return new Map([...rest.slice(Math.max(0, rest.length - remembered + 1)), [key, value]]);
}
