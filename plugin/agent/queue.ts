/**
 * The tasks: which are due when, and which run. The first change of a thing starts at once, and those in the 200 ms after that
 * become one; two tasks run at a time, those that were asked for at once before those that could wait; a failed one is tried again
 * after 1 s, then after twice as long each time, up to 5 minutes. Pure: the time comes in as a value.
 */
export type Queue = ReadonlyMap<string, Item>;

export type Item = {
  /** undefined: it is not due. */
  readonly dueMs: number | undefined;
  readonly why: readonly string[];
  /** Somebody asked for it at once, and did not say that it can wait. */
  readonly isUrgent: boolean;
  readonly isRunning: boolean;
  readonly startedMs: number | undefined;
  readonly failures: number;
};

export type Outcome = "done" | "failed" | "over";

export const emptyQueue: Queue = new Map();

const together = 200;
const mostAtOnce = 2;
const [firstRetryMs, longestRetryMs] = [1_000, 300_000];

/** `delayMs`: for what can wait, so that not everything starts in the same moment. */
export function ask(queue: Queue, key: string, why: string, nowMs: number, delayMs = 0): Queue {
  const item = queue.get(key) ?? idle;
  const earliestMs = Math.max(nowMs + delayMs, (item.startedMs ?? -Infinity) + together);
  // A new reason ends the wait of one that failed.
  const dueMs = Math.min(item.dueMs ?? Infinity, earliestMs);
  const reasons = item.why.includes(why) ? item.why : [...item.why, why];
  return withItem(fresh(queue, nowMs), key, {
    ...item,
    dueMs,
    why: reasons,
    isUrgent: item.isUrgent || delayMs === 0,
  });
}

/** Forgets what is done and past its 200 ms: a node has many pods in its life. */
function fresh(queue: Queue, nowMs: number): Queue {
  const isFresh = ({ dueMs, isRunning, startedMs }: Item): boolean =>
    dueMs !== undefined || isRunning || (startedMs ?? -Infinity) + together > nowMs;
  return new Map([...queue].filter(([, item]) => isFresh(item)));
}

/** What is to be started now. */
export function ready(queue: Queue, nowMs: number): readonly string[] {
  const items = [...queue];
  const free = mostAtOnce - items.filter(([, { isRunning }]) => isRunning).length;
  return items
    .filter(([, { dueMs, isRunning }]) => !isRunning && dueMs !== undefined && dueMs <= nowMs)
    .toSorted(([, a], [, b]) => Number(b.isUrgent) - Number(a.isUrgent) || (a.dueMs ?? 0) - (b.dueMs ?? 0))
    .slice(0, Math.max(0, free))
    .map(([key]) => key);
}

export function start(queue: Queue, key: string, nowMs: number): Queue {
  const item = queue.get(key) ?? idle;
  return withItem(queue, key, {
    ...item,
    dueMs: undefined,
    why: [],
    isUrgent: false,
    isRunning: true,
    startedMs: nowMs,
  });
}

/** "over": its attachment or network is gone. What was asked meanwhile is done all the same. */
export function end(queue: Queue, key: string, outcome: Outcome, why: string, nowMs: number): Queue {
  const item = { ...(queue.get(key) ?? idle), isRunning: false };
  switch (outcome) {
    case "done":
      return withItem(queue, key, { ...item, failures: 0 });
    case "over":
      return item.dueMs === undefined ? without(queue, key) : withItem(queue, key, { ...item, failures: 0 });
    case "failed": {
      const retryMs = nowMs + Math.min(firstRetryMs * 2 ** item.failures, longestRetryMs);
      const dueMs = Math.min(item.dueMs ?? Infinity, retryMs);
      const reasons = item.dueMs === undefined ? [why] : item.why;
      return withItem(queue, key, { ...item, dueMs, why: reasons, failures: item.failures + 1 });
    }
  }
}

/** When to look next; undefined where nothing waits for the time. */
export function nextMs(queue: Queue): number | undefined {
  const due = [...queue.values()].flatMap(({ dueMs, isRunning }) =>
    dueMs === undefined || isRunning ? [] : [dueMs],
  );
  return due.length === 0 ? undefined : Math.min(...due);
}

export function lengthOf(queue: Queue): number {
  return [...queue.values()].filter(({ dueMs, isRunning }) => dueMs !== undefined || isRunning).length;
}

const idle: Item = {
  dueMs: undefined,
  why: [],
  isUrgent: false,
  isRunning: false,
  startedMs: undefined,
  failures: 0,
};

function withItem(queue: Queue, key: string, item: Item): Queue {
  return new Map(queue).set(key, item);
}

function without(queue: Queue, key: string): Queue {
  return new Map([...queue].filter(([other]) => other !== key));
}
