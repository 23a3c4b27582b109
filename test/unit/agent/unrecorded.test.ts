/** What is to be adopted, and what is not: attachments that a runtime has and that have no record. */
import { describe, expect, test } from "vitest";
import { forgetDeleted, stillCached, unrecorded, withDeleted } from "../../../plugin/agent/unrecorded.ts";
import { emptyWorld, nameOfTask, taskNamed, type World } from "../../../plugin/agent/world.ts";

const identity = { network: "podnet", containerId: "c1", ifname: "eth0" };
const key = "podnet/c1@eth0";
const path = "/var/lib/cni/results/podnet-c1-eth0";
const entry = { stamp: "", changedMs: 0, record: undefined };
const world: World = {
  ...emptyWorld,
  confs: { entries: new Map([["podnet", {}]]), caches: [], faults: [] },
  cached: new Map([
    [path, { stamp: "1", identity }],
    ["/var/lib/cni/results/torn", { stamp: "1", identity: undefined }],
  ]),
};

test("an attachment of a network with pod-qos that has no record is to be adopted", () => {
  expect(unrecorded(world)).toEqual([path]);
  expect(unrecorded(world, ["podnet"])).toEqual([path]);
  expect(unrecorded(world, ["other"])).toEqual([]);
});

test.each<[string, Partial<World>]>([
  ["has a record, also a torn one", { records: new Map([[key, entry]]) }],
  ["had one", { deleted: new Map([[key, 0]]) }],
  ["is of a network without pod-qos", { confs: emptyWorld.confs }],
])("one that %s is not", (_, changes) => expect(unrecorded({ ...world, ...changes })).toEqual([]));

test("what had a record is not adopted for as long as the runtime knows it", () => {
  const deleted = withDeleted({ ...world, records: new Map([[key, entry]]) }, new Map(), 1_000);
  expect([...deleted.keys()]).toEqual([key]);
  expect([...stillCached(deleted, world.cached).keys()]).toEqual([key]);
  expect([...stillCached(deleted, new Map()).keys()]).toEqual([]);
});

describe("what an uninstall took off a pod that runs", () => {
  const records = new Map([[key, entry]]);
  const deletedAt = (nowMs: number, before: World = world): World => ({
    ...before,
    deleted: withDeleted({ ...before, records }, new Map(), nowMs),
  });

  test.each([
    ["within five minutes not", 300_999, [], []],
    ["after five minutes", 301_000, [path], [path]],
  ] as const)("is to be adopted: %s", (_, nowMs, paths, adopted) => {
    const uninstalled = deletedAt(1_000);
    const forgotten = forgetDeleted(uninstalled, nowMs);
    expect(forgotten.paths).toEqual(paths);
    expect(unrecorded({ ...uninstalled, deleted: forgotten.deleted })).toEqual(adopted);
  });

  test("counts from the last time that it had a record", () => {
    const twice = deletedAt(200_000, deletedAt(1_000));
    expect(forgetDeleted(twice, 301_000).paths).toEqual([]);
    expect(forgetDeleted(twice, 500_000).paths).toEqual([path]);
  });
});

test("the task has the path of the file, with whatever is in it", () => {
  const task = { kind: "adopt", path: "/a b/podnet c1" } as const;
  expect(taskNamed(nameOfTask(task))).toEqual(task);
});
