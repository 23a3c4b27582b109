/** The version at which a generation appeared, from what the API shows of an object again and again. */
import { expect, it } from "vitest";
import type { JsonObject } from "../../../plugin/cni/fields.ts";
import { withItems, type QosObject } from "../../../plugin/controller/view.ts";

const item = (version: string, generation: number, more: object = {}, uid = "u1"): JsonObject => ({
  metadata: { namespace: "prod", name: "video", uid, generation, resourceVersion: version },
  spec: { priority: 1, egress: [{ dscp: 1 }] },
  ...more,
});

const after = (...items: readonly JsonObject[]): QosObject | undefined =>
  items.reduce<readonly QosObject[]>((so, one) => withItems("NetworkQoS", so, [one]), [])[0];

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
  const one = withItems("NetworkQoS", [], [item("700", 3)]);
  expect(withItems("NetworkQoS", one, [item("700", 3)])[0]).toBe(one[0]);
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
