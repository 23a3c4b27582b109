/** What a node reports of its objects: by what the API says, what came of each decision, and what each attachment has. */
import { describe, expect, it } from "vitest";
import { reportOf } from "../../../../plugin/agent/status/report.ts";
import { hasOf, selecting } from "../../../../plugin/agent/status/selection.ts";
import type { Standing } from "../../../../plugin/agent/status/standings.ts";
import { troublesOf } from "../../../../plugin/agent/status/troubles.ts";
import { apiViewOf, type ApiView } from "../../../../plugin/agent/view/view.ts";
import type { Records } from "../../../../plugin/agent/node/records.ts";
import type { JsonObject } from "../../../../plugin/cni/fields.ts";
import type { Labels } from "../../../../plugin/cni/request.ts";
import type { Snapshot } from "../../../../plugin/knowledge/snapshot.ts";
import type { ObjectEntry } from "../../../../plugin/report/qos-node.ts";
import type { AttachmentRecord } from "../../../../plugin/state/record.ts";
import { apiObject, marking, snapshotOf } from "../../support/api.ts";

const web = { podSelector: { matchLabels: { app: "web" } } };
const version = (text: string) => ({ state: "synced", version: text }) as const;

const recordOf = (name: string, more: Partial<AttachmentRecord> = {}): AttachmentRecord => ({
  version: 1,
  identity: { network: "podnet", containerId: `c-${name}`, ifname: "eth0" },
  netns: "/run/netns/a",
  netnsId: "4:1",
  pod: `prod/${name}`,
  facts: undefined,
  programs: [],
  asked: { namespace: "prod", name, uid: `u-${name}` },
  ...more,
});

const recordsOf = (records: readonly AttachmentRecord[]): Records =>
  new Map(records.map((record) => [keyOf(record), { stamp: "", changedMs: 0, record }]));
const keyOf = ({ identity }: AttachmentRecord): string => identity.containerId;

const viewOf = (
  networkQos: readonly JsonObject[],
  labels: Labels = { app: "web" },
  more: Partial<Snapshot> = {},
): ApiView => {
  const snapshot = snapshotOf({ networkQos, ...more });
  const resources = { ...snapshot.resources, egressqoses: version("11"), networkqoses: version("12") };
  const pods = ["a", "b"].map((name) => ({
    uid: `u-${name}`,
    namespace: "prod",
    name,
    labels,
    annotations: {},
  }));
  return apiViewOf({ ...snapshot, resources: more.resources ?? resources }, pods);
};

const object = (generation: number, spec: JsonObject = marking(8, web)): JsonObject =>
  apiObject(spec, { name: "video", generation });

const decided = (view: ApiView, record: AttachmentRecord, more: Partial<Standing> = {}): Standing => ({
  asked: 1,
  decided: 1,
  outcome: { kind: "good" },
  has: hasOf(selecting(view, record, { app: "web" })),
  drift: undefined,
  ...more,
});

const agent = { version: "1", started: "2026-11-28T22:00:00.000000Z" };
const report = (view: ApiView, all: readonly (readonly [AttachmentRecord, Standing | undefined])[]) =>
  reportOf({
    view,
    records: recordsOf(all.map(([record]) => record)),
    standings: new Map(all.flatMap(([record, standing]) => (standing ? [[keyOf(record), standing]] : []))),
    agent,
    uplink: "",
  });

const [a, b] = [recordOf("a"), recordOf("b")];
const now = viewOf([object(2)]);
const before = viewOf([object(1)]);
const lacking = (source: string): Standing["has"] => hasOf(selecting(now, a, { app: "web" }), [source]);
const entry: ObjectEntry = {
  kind: "NetworkQoS",
  namespace: "prod",
  name: "video",
  uid: "prod-video",
  generation: 2,
  state: "applied",
  pods: 1,
};

describe("an object of which the node has observed the present version is", () => {
  const failed = { kind: "failed", reason: "the kernel says no" } as const;
  const waiting = { kind: "waiting", reason: "it waits" } as const;

  it.each<readonly [string, Standing | undefined, Partial<ObjectEntry>]>([
    ["applied where its pod was decided by it", decided(now, a), {}],
    ["pending before the first decision", undefined, { state: "pending" }],
    [
      "pending while its pod was decided by the former form",
      decided(before, a, { asked: 2 }),
      { state: "pending" },
    ],
    ["applied while another input of its pod is decided", decided(now, a, { asked: 2 }), {}],
    [
      "failed where its pod kept the former form",
      decided(before, a, { outcome: failed }),
      { state: "failed", message: "prod/a eth0: the kernel says no" },
    ],
    ["applied where its pod failed later, for another reason", decided(now, a, { outcome: failed }), {}],
    [
      "pending where its pod waits for the API",
      decided(before, a, { outcome: waiting }),
      { state: "pending", message: "prod/a eth0: it waits" },
    ],
    [
      "pending where one of its rules has not all addresses yet",
      decided(now, a, { outcome: waiting, has: lacking("NetworkQoS prod/video egress[1] (API)") }),
      { state: "pending", message: "prod/a eth0: it waits" },
    ],
    [
      "applied where it is another object's rule that has not",
      decided(now, a, { outcome: waiting, has: lacking("NetworkQoS prod/video2 egress[1] (API)") }),
      {},
    ],
    [
      "failed where what its pod had cannot be put back",
      decided(now, a, { drift: "qdisc htb 1: is missing" }),
      { state: "failed", message: "prod/a eth0: qdisc htb 1: is missing" },
    ],
    [
      "applied where a request of the pod itself does not count",
      decided(now, a, { outcome: { kind: "good", reason: "no class x" } }),
      {},
    ],
  ])("%s", (_, standing, more) => {
    const { objects, observed } = report(now, [[a, standing]]);
    expect(objects).toEqual([{ ...entry, ...more }]);
    expect(observed).toEqual({ egressqoses: "11", networkqoses: "12" });
  });

  it("failed where one of its pods failed, whatever the others have", () => {
    const {
      objects,
      pods,
      failed: count,
    } = report(now, [
      [a, decided(now, a)],
      [b, decided(before, b, { outcome: failed })],
    ]);
    expect(objects).toMatchObject([{ state: "failed", pods: 2 }]);
    expect([pods, count]).toEqual([2, 1]);
  });

  it("counted once for a pod with two interfaces", () => {
    const second = { ...a, identity: { ...a.identity, containerId: "c-second", ifname: "net1" } };
    const { objects, pods } = report(now, [
      [a, decided(now, a)],
      [second, decided(now, second)],
    ]);
    expect(objects).toMatchObject([{ state: "applied", pods: 1 }]);
    expect(pods).toBe(1);
  });

  it("failed where it is invalid, also without pods, and its last valid form counts", () => {
    const bad = apiObject(marking(99, web), { name: "video", generation: 2 });
    expect(report(viewOf([bad]), []).objects).toMatchObject([
      { state: "failed", pods: 0, generation: 2, message: expect.stringContaining("dscp") },
    ]);
  });
});

describe("an object that does not select a pod is", () => {
  const others = viewOf([object(2)], { app: "other" });

  it("not listed", () => {
    expect(report(others, [[a, decided(others, a, { has: new Map() })]]).objects).toEqual([]);
  });

  it("pending while a pod has something of it still", () => {
    expect(report(others, [[a, decided(now, a, { asked: 2 })]]).objects).toMatchObject([
      { state: "pending", pods: 1 },
    ]);
  });

  it("pending while it is gone and a pod has something of it still", () => {
    const gone = viewOf([]);
    expect(report(gone, [[a, decided(now, a, { asked: 2 })]]).objects).toMatchObject([
      { name: "video", uid: "prod-video", state: "pending" },
    ]);
    expect(report(gone, [[a, decided(gone, a)]]).objects).toEqual([]);
  });

  it("not listed for a pod that the API does not show, or that has finished", () => {
    const stranger = recordOf("x");
    expect(report(now, [[stranger, undefined]])).toMatchObject({ objects: [], pods: 1 });
  });
});

describe("what is not observed", () => {
  it.each<readonly [string, Snapshot["resources"]["networkqoses"], string | undefined]>([
    ["is a kind that another system applies", { state: "off", version: "12" }, undefined],
    ["is a kind that was not listed yet", { state: "unsynced" }, undefined],
    ["is a kind that is missing", { state: "missing", version: "12" }, undefined],
    ["is what came after the last answer", { state: "frozen", version: "12" }, "12"],
  ])("%s", (_, networkqoses, observed) => {
    const { resources } = now.snapshot;
    const view = viewOf([object(2)], { app: "web" }, { resources: { ...resources, networkqoses } });
    const { objects, observed: seen } = report(view, [[a, decided(now, a)]]);
    expect(seen.networkqoses).toBe(observed);
    if (networkqoses.state === "off") expect(objects).toMatchObject([{ name: "video", state: "pending" }]);
  });
});

describe("a report of 5000 objects", () => {
  it("that all select the node's pods stays below 256 KiB, and names those that failed", () => {
    const all = Array.from({ length: 5000 }, (_, at) =>
      apiObject(marking(8, web), { name: `video-${at}`, generation: 1 }),
    );
    const view = viewOf(all);
    const whole = report(view, [
      [a, decided(view, a)],
      [b, decided(view, b, { has: new Map(), outcome: { kind: "failed", reason: "x".repeat(1_000) } })],
    ]);
    expect(Buffer.byteLength(JSON.stringify(whole))).toBeLessThan(256 * 1024);
    expect(whole.objects.filter(({ message }) => message !== undefined)).toHaveLength(20);
    expect(new Set(whole.objects.map(({ state }) => state))).toEqual(new Set(["failed"]));
    expect(whole.objects.length + (whole.unlisted?.failed ?? 0)).toBe(5000);
  });

  it("of which none selects a pod here names none", () => {
    const all = Array.from({ length: 5000 }, (_, at) =>
      apiObject(marking(8, web), { name: `video-${at}`, namespace: "other", generation: 1 }),
    );
    const view = viewOf(all);
    expect(report(view, [[a, decided(view, a)]]).objects).toEqual([]);
  });
});

describe("what `show` reads of the agent", () => {
  const troubles = (standing: Standing | undefined) =>
    troublesOf(recordsOf([a]), new Map(standing ? [[keyOf(a), standing]] : []));

  it.each<readonly [string, Standing | undefined, string | undefined]>([
    ["nothing of a pod in step", decided(now, a), undefined],
    ["nothing of one that nobody asked about", undefined, undefined],
    ["nothing of one that has ended", decided(now, a, { outcome: { kind: "left out" } }), undefined],
    ["that a decision is outstanding", decided(now, a, { asked: 2 }), "pending"],
    ["that a decision waits", decided(now, a, { outcome: { kind: "waiting", reason: "why" } }), "pending"],
    ["that a decision failed", decided(now, a, { outcome: { kind: "failed", reason: "why" } }), "failed"],
    [
      "that a request does not count",
      decided(now, a, { outcome: { kind: "good", reason: "why" } }),
      "failed",
    ],
    ["that drift stays", decided(now, a, { drift: "why" }), "failed"],
  ])("%s", (_, standing, state) => {
    expect(troubles(standing)).toMatchObject(state === undefined ? [] : [{ ...a.identity, state }]);
  });
});
