import { describe, expect, it } from "vitest";
import { decodeQosNode, type ObjectEntry, type QosNodeStatus } from "../../../plugin/report/qos-node.ts";
import { withinBounds } from "../../../plugin/report/qos-node-objects.ts";

const entry = (at: number, more: Partial<ObjectEntry> = {}): ObjectEntry => ({
  kind: "NetworkQoS",
  namespace: "team",
  name: `qos-${String(at).padStart(4, "0")}`,
  uid: `00000000-0000-0000-0000-${String(at).padStart(12, "0")}`,
  generation: 1,
  state: "applied",
  pods: 1,
  ...more,
});
const entries = (count: number, more: Partial<ObjectEntry> = {}): readonly ObjectEntry[] =>
  Array.from({ length: count }, (_, at) => entry(at, more));

const status: QosNodeStatus = {
  agent: { version: "1", started: "2026-11-28T22:00:00Z" },
  renewed: "2026-11-28T22:01:00.123000Z",
  observed: { egressqoses: "12", networkqoses: "13" },
  objects: [entry(1), entry(2, { state: "failed", message: "why" })],
  unlisted: { applied: 1, pending: 0, failed: 0 },
  pods: 3,
  limited: 2,
  pending: 0,
  failed: 1,
  uplink: "eth0 950M",
};
const metadata = { name: "node-1", uid: "u" };

describe("a QoSNode", () => {
  it("is read as it was written", () => {
    const item: unknown = JSON.parse(JSON.stringify({ metadata, status }));
    expect(decodeQosNode(item)).toEqual({ ...metadata, status });
  });

  it("that has only been made has no status", () => {
    expect(decodeQosNode({ metadata })).toEqual({ ...metadata, status: undefined });
  });

  it("is read without the fields that Go leaves out while they are empty", () => {
    const { agent, renewed } = status;
    const empty = { observed: {}, objects: [], pods: 0, limited: 0, pending: 0, failed: 0, uplink: "" };
    expect(decodeQosNode({ metadata, status: { agent, renewed } })?.status).toEqual({
      agent,
      renewed,
      ...empty,
    });
  });

  it.each<readonly [string, object]>([
    ["no time", { renewed: "yesterday" }],
    ["an unknown state", { objects: [{ ...entry(1), state: "done" }] }],
    ["no version", { agent: {} }],
  ])("whose status has %s counts as one without", (_, more) => {
    expect(decodeQosNode({ metadata, status: { ...status, ...more } })).toEqual({
      ...metadata,
      status: undefined,
    });
  });

  it.each([undefined, null, 1, {}, { metadata: { name: 1 } }])("is not what the API sends as %j", (item) => {
    expect(decodeQosNode(item)).toBeUndefined();
  });
});

describe("the objects of a QoSNode", () => {
  it("that failed come first, then those that are pending; without regard to the order they came in", () => {
    const all = [entry(2), entry(1), entry(4, { state: "pending" }), entry(3, { state: "failed" })];
    expect(withinBounds(all).objects.map(({ name }) => name)).toEqual([
      "qos-0003",
      "qos-0004",
      "qos-0001",
      "qos-0002",
    ]);
    expect(withinBounds(all.toReversed())).toEqual(withinBounds(all));
  });

  it("have 20 messages at most, of 200 characters each, in one line", () => {
    const message = `a\nb\u001b${"😀".repeat(300)}`;
    const { objects } = withinBounds(entries(30, { state: "failed", message }));
    const messages = objects.flatMap(({ message: text }) => text ?? []);
    expect([objects.length, messages.length]).toEqual([30, 20]);
    expect(new Set(messages)).toEqual(new Set([`a | b\\u001b${"😀".repeat(188)}…`]));
    expect(Array.from(messages[0] ?? "")).toHaveLength(200);
  });

  it.each<readonly [string, Partial<ObjectEntry>]>([
    ["applied", { state: "applied" }],
    ["failed", { state: "failed", message: "😀".repeat(300) }],
    ["pending, of the longest names", { state: "pending", namespace: "n".repeat(63), name: "x".repeat(253) }],
  ])("stay below 256 KiB where 5000 are %s, and those without room are counted", (_, more) => {
    const { objects, unlisted } = withinBounds(entries(5000, more));
    const whole = {
      metadata: { ...metadata, name: "n".repeat(253) },
      status: { ...status, objects, unlisted },
    };
    expect(Buffer.byteLength(JSON.stringify(whole))).toBeLessThan(248 * 1024);
    const left = Object.values(unlisted ?? {}).reduce((sum, each) => sum + each, 0);
    expect(objects.length + left).toBe(5000);
    expect(objects.length).toBeGreaterThan(500);
    expect(unlisted?.[more.state ?? "applied"]).toBe(left);
  });

  it("are listed without a count of others where all have room", () => {
    expect(withinBounds(entries(1000))).toEqual({ objects: entries(1000) });
  });
});
