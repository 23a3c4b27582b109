/** The version at which a generation appeared, from what the API shows of an object again and again. */
import { expect, it } from "vitest";
import type { JsonObject } from "../../../plugin/cni/fields.ts";
import { withItems, type QosObject } from "../../../plugin/controller/view.ts";

const item = (version: string, generation: number, more: object = {}, uid = "u1"): JsonObject => ({
  metadata: { namespace: "prod", name: "video", uid, generation, resourceVersion: version },
  spec: { priority: 1, egress: [{ dscp: 1 }] },
  ...more,
});

/** The first at 1 ms, each other a millisecond later. */
const after = (...items: readonly JsonObject[]): QosObject | undefined =>
  items.reduce<readonly QosObject[]>((so, one, at) => withItems("NetworkQoS", so, [one], at + 1), [])[0];

it("of the first sight is the present one, at the latest", () => {
  expect(after(item("700", 3))?.since).toEqual({ version: "700", isExact: false });
});

it("of an edit is the edit's, however often the status is written after it", () => {
  const seen = after(item("700", 3), item("710", 4), item("720", 4, { status: { status: "x" } }));
  expect(seen).toMatchObject({
    version: "720",
    since: { version: "710", isExact: true },
    written: { text: "x" },
  });
});

it("of an object that was made anew under the name is its own", () => {
  expect(after(item("700", 3), item("710", 1, {}, "u2"))?.since).toEqual({ version: "710", isExact: false });
});

it("an object that did not change stays the same value", () => {
  const one = withItems("NetworkQoS", [], [item("700", 3)], 0);
  expect(withItems("NetworkQoS", one, [item("700", 3)], 1)[0]).toBe(one[0]);
});

it("an object that is being deleted is left alone", () => {
  const leaving = { ...item("700", 3) };
  const metadata = { ...(leaving["metadata"] as JsonObject), deletionTimestamp: "2026-01-01T00:00:00Z" };
  expect(after({ ...leaving, metadata })).toBeUndefined();
});

it("what no definition can see is a fault of the object", () => {
  const spec = { priority: 1, egress: [{ dscp: 1 }], podSelector: { matchLabels: { "-a": "b" } } };
  expect(after(item("700", 3, { spec }))?.fault).toMatch(
    /NetworkQoS prod\/video.*matchLabels: .* a label's key/,
  );
  expect(after(item("700", 3))?.fault).toBeUndefined();
});

it("conditions of anybody are read, and Ready-In-Zone ones apart", () => {
  const condition = { status: "True", reason: "R", message: "m", lastTransitionTime: "2026-01-01T00:00:00Z" };
  const conditions = [
    { ...condition, type: "Ready", observedGeneration: 3 },
    { ...condition, type: "Ready-In-Zone-a" },
    { ...condition, type: "Other" },
  ];
  expect(after(item("700", 3, { status: { conditions } }))?.written).toMatchObject({
    text: "",
    ready: { status: "True", observedGeneration: 3 },
    zones: [{ type: "Ready-In-Zone-a" }],
    since: { Ready: "2026-01-01T00:00:00Z" },
  });
});

const saying = (generation: number, status: string, reason: string): object => ({
  status: {
    conditions: [
      {
        type: "Ready",
        status,
        reason,
        message: "",
        lastTransitionTime: "2026-01-01T00:00:00Z",
        observedGeneration: generation,
      },
    ],
  },
});

it.each<readonly [string, readonly JsonObject[], number | undefined]>([
  ["when it is first seen", [item("700", 3, saying(3, "True", "Applied"))], 1],
  ["on all nodes that are not silent", [item("700", 3, saying(3, "Unknown", "NodeSilent"))], 1],
  ["not for another generation", [item("700", 3, saying(2, "True", "Applied"))], undefined],
  ["not where it says something else", [item("700", 3, saying(3, "Unknown", "Pending"))], undefined],
  ["later", [item("700", 3), item("710", 3, saying(3, "True", "Applied"))], 2],
  [
    "and still when it has failed since",
    [item("700", 3, saying(3, "True", "Applied")), item("710", 3, saying(3, "False", "Failed"))],
    1,
  ],
  [
    "and no later for a change of something else",
    [item("700", 3, saying(3, "True", "Applied")), item("710", 3, saying(3, "True", "Applied"))],
    1,
  ],
  [
    "and no more after an edit",
    [item("700", 3, saying(3, "True", "Applied")), item("710", 4, saying(3, "True", "Applied"))],
    undefined,
  ],
])("a status says that the generation is applied: %s", (_, items, ms) => {
  expect(after(...items)?.appliedMs).toBe(ms);
});
