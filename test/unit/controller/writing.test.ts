/** What is written of a status, and when. */
import { describe, expect, it } from "vitest";
import {
  differenceOf,
  leftoverZones,
  statusBody,
  type Condition,
  type ObjectStatus,
  type Wanted,
} from "../../../plugin/controller/object-status.ts";
import {
  afterWrite,
  isOwn,
  remembered,
  timesOverwritten,
  type Memory,
} from "../../../plugin/controller/memory.ts";
import { waitOf } from "../../../plugin/controller/pace.ts";
import { object, unwritten } from "./support.ts";

const applied: Condition = {
  type: "Ready",
  status: "True",
  reason: "Applied",
  message: "applied on 1 node, 0 pods",
  observedGeneration: 3,
};
const condition = (more: Partial<Condition> = {}): Condition => ({ ...applied, ...more });
const wanted = (more: Partial<Wanted> = {}): Wanted => ({
  text: "applied",
  ready: condition(),
  zones: [],
  alsoTrue: [],
  ...more,
});
const since = { Ready: "2026-01-01T00:00:00Z" };
const written = (more: Partial<ObjectStatus> = {}): ObjectStatus => ({
  ...unwritten,
  text: "applied",
  ready: condition(),
  since,
  ...more,
});
const zone = (node: string, status: Condition["status"] = "True"): Condition =>
  condition({ type: `Ready-In-Zone-${node}`, status });

describe("what differs", () => {
  it.each<readonly [string, ObjectStatus, Wanted, ReturnType<typeof differenceOf>]>([
    ["nothing", written(), wanted(), "none"],
    ["a status that was never written", unwritten, wanted(), "verdict"],
    ["the text alone", written({ text: "" }), wanted(), "verdict"],
    ["the generation", written({ ready: condition({ observedGeneration: 2 }) }), wanted(), "verdict"],
    ["the reason", written({ ready: condition({ reason: "Pending" }) }), wanted(), "verdict"],
    ["how many pods", written({ ready: condition({ message: "5 pods" }) }), wanted(), "wording"],
    [
      "a node's condition",
      written({ zones: [zone("a", "False")] }),
      wanted({ zones: [zone("a")] }),
      "wording",
    ],
    [
      "their order",
      written({ zones: [zone("b"), zone("a")] }),
      wanted({ zones: [zone("a"), zone("b")] }),
      "none",
    ],
    ["a node that is gone", written({ zones: [zone("a")] }), wanted(), "wording"],
  ])("%s", (_, before, now, difference) => {
    expect(differenceOf(before, now, { foreign: [], isOwn: true })).toBe(difference);
  });

  it("a condition that somebody else owns makes no difference", () => {
    const before = written({ zones: [zone("a")] });
    const foreign = leftoverZones(before, wanted());
    expect(differenceOf(before, wanted(), { foreign, isOwn: true })).toBe("none");
  });
});

describe("what may be as true as what is wanted", () => {
  const silent = { text: "", status: "Unknown", reason: "NodeSilent" } as const;
  const alsoTrue = [silent, { text: "applied", status: "True", reason: "Applied" } as const];
  const { text, ...head } = silent;

  it.each<readonly [string, ObjectStatus, ReturnType<typeof differenceOf>]>([
    ["stays", written({ text, ready: condition(head) }), "none"],
    ["stays, whatever it counts", written({ ready: condition({ message: "applied on 9 nodes" }) }), "none"],
    [
      "of another generation does not",
      written({ text, ready: condition({ ...head, observedGeneration: 2 }) }),
      "verdict",
    ],
    ["what cannot be true does not", written({ ready: condition({ reason: "Failed" }) }), "verdict"],
    ["nor a status that was never written", unwritten, "verdict"],
  ])("%s", (_, before, difference) => {
    expect(differenceOf(before, wanted({ alsoTrue }), { foreign: [], isOwn: false })).toBe(difference);
  });

  it("is ours to change where we wrote it", () => {
    const before = written({ ready: condition({ message: "applied on 9 nodes" }) });
    expect(differenceOf(before, wanted({ alsoTrue }), { foreign: [], isOwn: true })).toBe("wording");
  });
});

const seen = (memory: Memory | undefined, version: number, status: ObjectStatus, nowMs: number): Memory =>
  remembered(memory, object({ version: String(version), written: status }), nowMs);

const wrote = (memory: Memory, version: number, nowMs: number): Memory =>
  afterWrite(memory, wanted(), { version: String(version), foreign: [], nowMs });

describe("a status that somebody writes over ours", () => {
  const others = written({ text: "", ready: condition({ status: "Unknown" }) });
  /** So many times. */
  const quarrel = (times: number, everyMs: number): Memory =>
    Array.from({ length: times }, (_, at) => at).reduce(
      (memory, at) =>
        seen(wrote(memory, 501 + at * 2, at * everyMs), 502 + at * 2, others, (at + 0.5) * everyMs),
      seen(undefined, 500, others, 0),
    );

  it("is counted", () => {
    expect(timesOverwritten(quarrel(5, 1_000), wanted())).toBe(5);
  });

  it("is not where something else is to be said now", () => {
    expect(timesOverwritten(quarrel(5, 1_000), wanted({ text: "other" }))).toBe(0);
  });

  it("now and then is no quarrel", () => {
    expect(timesOverwritten(quarrel(5, 200_000), wanted())).toBe(1);
  });

  it("is not our own; what we wrote is, whatever else of the object changes", () => {
    const ours = wrote(seen(undefined, 500, others, 0), 501, 10);
    const back = seen(ours, 501, written(), 20);
    expect([ours, back, seen(back, 502, written(), 30), seen(back, 503, others, 40)].map(isOwn)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

const timesOf = (now: Wanted, before: ObjectStatus): unknown =>
  (statusBody(now, before, "now")["conditions"] as { lastTransitionTime: string }[]).map(
    ({ lastTransitionTime }) => lastTransitionTime,
  );

describe("the time of a condition", () => {
  it("stays while its status does", () => {
    expect(timesOf(wanted({ ready: condition({ message: "other" }) }), written())).toEqual([
      "2026-01-01T00:00:00Z",
    ]);
  });

  it("is that of the write where the status is another, or is the first", () => {
    const now = wanted({ ready: condition({ status: "Unknown" }), zones: [zone("a")] });
    expect(timesOf(now, written())).toEqual(["now", "now"]);
  });
});

const at = (writtenMs: number | undefined, nodes = 3, overwritten = 0) => ({
  writtenMs,
  nowMs: 10_000,
  nodes,
  overwritten,
});

describe("an object is written", () => {
  it.each<readonly [string, Parameters<typeof waitOf>, number | undefined]>([
    ["not where nothing differs", ["none", at(undefined)], undefined],
    ["at once the first time", ["verdict", at(undefined)], 0],
    ["at once after a quiet second", ["verdict", at(9_000)], 0],
    ["at most once a second", ["verdict", at(9_900)], 900],
    ["for a wording alone each two seconds", ["wording", at(9_900)], 1_900],
    ["of a thousand nodes each minute", ["wording", at(9_900, 1_000)], 59_900],
    ["but whether it is applied is said at once", ["verdict", at(9_000, 1_000)], 0],
    ["again after a second, where it was overwritten once", ["verdict", at(9_900, 3, 1)], 900],
    ["later each time that it is", ["verdict", at(9_900, 3, 4)], 7_900],
    ["after 30 s at the latest", ["wording", at(9_900, 3, 20)], 29_900],
  ])("%s", (_, args, wait) => {
    expect(waitOf(...args)).toBe(wait);
  });
});
