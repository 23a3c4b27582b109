/** Which Events are written: client-go's rules and numbers, and names by which a second writer finds the first. */
import { describe, expect, it } from "vitest";
import {
  correlate,
  nothingWritten,
  type EventWrite,
  type Memory,
} from "../../../../plugin/agent/events/correlate.ts";
import type { EventData, Subject } from "../../../../plugin/agent/events/event.ts";

const minute = 60_000;
const pod = (uid = "u-1", name = "web-1"): Subject => ({
  apiVersion: "v1",
  kind: "Pod",
  namespace: "prod",
  name,
  uid,
});
const event = (note: string, more: Partial<EventData> = {}): EventData => ({
  subject: pod(),
  reason: "QoSRejected",
  note,
  ...more,
});

/** What becomes of events at these times. */
const played = (
  events: readonly (readonly [atMs: number, event: EventData])[],
): readonly (EventWrite | undefined)[] => {
  let memory: Memory = nothingWritten;
  return events.map(([atMs, each]) => {
    const now = correlate(memory, each, atMs);
    memory = now.memory;
    return now.write;
  });
};
const counts = (writes: readonly (EventWrite | undefined)[]) => writes.map((write) => write?.count);
const numbered = (many: number, everyMs: number) =>
  Array.from({ length: many }, (_, at) => [at * everyMs, event(`fault ${at}`)] as const);

describe("the same Event again", () => {
  it("is the one that there is, with its count, its first time and its last", () => {
    const [first, second] = played([
      [1_000, event("bad")],
      [5_000, event("bad")],
    ]);
    expect(first).toMatchObject({ count: 1, firstMs: 1_000, lastMs: 1_000 });
    expect(second).toEqual({ ...first, count: 2, lastMs: 5_000 });
  });

  it.each([
    ["other words", event("worse")],
    ["another reason", event("bad", { reason: "QoSFailed" })],
    ["another pod of that name", event("bad", { subject: pod("u-2") })],
  ])("with %s is another one", (_, other) => {
    const [first, second] = played([
      [0, event("bad")],
      [1, other],
    ]);
    expect(second?.count).toBe(1);
    expect(second?.name).not.toBe(first?.name);
  });
});

describe("similar Events", () => {
  it("from the tenth within ten minutes on are one, which has the last one's words", () => {
    const writes = played(numbered(12, 1_000));
    expect(counts(writes)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3]);
    expect(writes.map((write) => write?.event.note).slice(8)).toEqual([
      "fault 8",
      "(combined from similar events): fault 9",
      "(combined from similar events): fault 10",
      "(combined from similar events): fault 11",
    ]);
    expect(new Set(writes.slice(9).map((write) => write?.name)).size).toBe(1);
  });

  it("are not, where ten minutes lie between two of them", () => {
    const [before, after] = [numbered(9, 1_000), numbered(10, 1_000)];
    const late = after.map(([at, each]) => [at + 9_000 + 10 * minute, each] as const);
    const notes = played([...before, ...late]).map((write) => write?.event.note);
    expect(notes.slice(9, 18)).toEqual(before.map(([, { note }]) => note));
  });
});

describe("Events about one object", () => {
  it("are 25, and then one in five minutes", () => {
    const burst = Array.from({ length: 30 }, () => [0, event("bad")] as const);
    const later = [
      [4.9 * minute, event("bad")],
      [5 * minute, event("bad")],
      [5.1 * minute, event("bad")],
      [10 * minute, event("bad")],
    ] as const;
    const written = played([...burst, ...later]).map((write) => write !== undefined);
    expect(written.indexOf(false)).toBe(25);
    expect(written.slice(25, 30)).toEqual([false, false, false, false, false]);
    expect(written.slice(30)).toEqual([false, true, false, true]);
  });

  it("take nothing from another one", () => {
    const burst = Array.from({ length: 30 }, () => [0, event("bad")] as const);
    expect(played([...burst, [0, event("bad", { subject: pod("u-2") })]]).at(-1)?.count).toBe(1);
  });

  it("that were not written are in the next one's count", () => {
    const burst = Array.from({ length: 30 }, () => [0, event("bad")] as const);
    expect(played([...burst, [5 * minute, event("bad")]]).at(-1)?.count).toBe(31);
  });
});

it("of each kind of memory the 4096 that were used last are kept", () => {
  let memory: Memory = nothingWritten;
  for (let at = 0; at < 4_200; at += 1)
    memory = correlate(memory, event("bad", { subject: pod(`u-${at}`) }), at).memory;
  expect([memory.similar.size, memory.written.size, memory.budgets.size]).toEqual([4096, 4096, 4096]);
  const [oldest, latest] = ["u-0", "u-4199"].map(
    (uid) => correlate(memory, event("bad", { subject: pod(uid) }), 5_000).write?.count,
  );
  expect([oldest, latest]).toEqual([1, 2]);
});

const nameOf = (data: EventData, atMs = 0): string | undefined => played([[atMs, data]])[0]?.name;

describe("the name", () => {
  it("of what is so is that of its words, whoever writes it and whenever", () => {
    expect(nameOf(event("bad"), 0)).toBe(nameOf(event("bad"), 7 * minute));
  });

  it("of what happens is another one each time", () => {
    const happened = event("bad", { reason: "QoSDrift", isHappening: true });
    expect(nameOf(happened, 1_764_000_000_000)).not.toBe(nameOf(happened, 1_764_000_000_001));
  });

  it.each(["a".repeat(253), `${"a".repeat(235)}.${"b".repeat(17)}`, `${"a".repeat(235)}-${"b".repeat(17)}`])(
    "is one that the API takes: %s",
    (name) => {
      const long = nameOf(event("bad", { subject: pod("u-1", name) })) ?? "";
      expect(long.length).toBeLessThanOrEqual(253);
      expect(long).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
    },
  );
});
