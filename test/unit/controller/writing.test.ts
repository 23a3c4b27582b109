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
import { waitOf } from "../../../plugin/controller/pace.ts";
import { unwritten } from "./support.ts";

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
    expect(differenceOf(before, now)).toBe(difference);
  });

  it("a condition that somebody else owns makes no difference", () => {
    const before = written({ zones: [zone("a")] });
    expect(differenceOf(before, wanted(), leftoverZones(before, wanted()))).toBe("none");
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

const at = (writtenMs: number | undefined, nodes = 3) => ({ writtenMs, nowMs: 10_000, nodes });

describe("an object is written", () => {
  it.each<readonly [string, Parameters<typeof waitOf>, number | undefined]>([
    ["not where nothing differs", ["none", at(undefined)], undefined],
    ["at once the first time", ["verdict", at(undefined)], 0],
    ["at once after a quiet second", ["verdict", at(9_000)], 0],
    ["at most once a second", ["verdict", at(9_900)], 900],
    ["for a wording alone each two seconds", ["wording", at(9_900)], 1_900],
    ["of a thousand nodes each minute", ["wording", at(9_900, 1_000)], 59_900],
    ["but whether it is applied is said at once", ["verdict", at(9_000, 1_000)], 0],
  ])("%s", (_, args, wait) => {
    expect(waitOf(...args)).toBe(wait);
  });
});
