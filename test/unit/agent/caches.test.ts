/** The runtimes' caches, followed: what the loop hears when a file comes there. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import { followCaches } from "../../../plugin/agent/caches.ts";
import { withCache } from "../../../plugin/runtime/cached-results.ts";
import type { News } from "../../../plugin/agent/news.ts";
import { writeRecord } from "../../../plugin/state/record-file.ts";
import { loopAt } from "../support/loop.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-caches-"));
afterAll(() => rmSync(root, { recursive: true }));
let ending = new AbortController();
afterEach(() => {
  ending.abort();
  ending = new AbortController();
  vi.useRealTimers();
});

/** A runtime that keeps its cache in a place of its own. */
const follow = (name: string) => {
  const [stateDir, cache] = [join(root, name, "state"), join(root, name, "cache")];
  mkdirSync(`${cache}/results`, { recursive: true });
  const at = loopAt(stateDir, { adopt: true });
  const { loop } = at;
  loop.setWorld({ ...loop.world(), confs: { entries: new Map(), caches: [cache], faults: [] } });
  const errors: unknown[] = [];
  const begin = (): void =>
    followCaches({ ...loop, signal: ending.signal }, (error) => void errors.push(error))();
  // A namespace that lives as long as the test.
  const add = (containerId: string, netns = "/proc/self/ns/net"): string => {
    const path = `${cache}/results/podnet-${containerId}-eth0`;
    writeFileSync(path, JSON.stringify({ networkName: "podnet", containerId, ifName: "eth0", netns }));
    return path;
  };
  return { ...at, stateDir, errors, begin, add };
};
const of = <Kind extends News["kind"]>(told: readonly News[], kind: Kind) =>
  told.filter((news): news is Extract<News, { kind: Kind }> => news.kind === kind);

it("a record that is first read beside the cache is news", () => {
  const { loop, stateDir, told, errors, begin, add } = follow("beside");
  writeRecord(stateDir, {
    version: 1,
    identity: { network: "podnet", containerId: "a", ifname: "eth0" },
    netns: "/nowhere/netns/x",
    netnsId: "1:a",
    pod: "prod/x",
    facts: undefined,
    programs: [],
  });
  const path = add("a");
  begin();
  expect(errors).toEqual([]);
  expect(of(told, "cached").flatMap(({ paths }) => paths)).toContain(path);
  // The records' own watch comes after it and finds nothing new.
  const byTheWatch = loop.readRecords();
  const byTheCaches = of(told, "records").flatMap(({ attachments }) => attachments);
  expect([...byTheWatch, ...byTheCaches]).toEqual(["podnet/a@eth0"]);
});

it("without a new record there is no news of records", () => {
  const { told, begin, add } = follow("alone");
  const path = add("a");
  begin();
  expect(of(told, "cached").flatMap(({ paths }) => paths)).toContain(path);
  expect(of(told, "records")).toEqual([]);
});

it("files of pods that have ended are no news, however many a runtime has left; one that is written anew is", () => {
  const { loop, told, begin, add } = follow("dead");
  const dead = Array.from({ length: 2_000 }, (_, at) => add(`d${at}`, `/nowhere/netns/${at}`));
  const path = add("a");
  begin();
  expect(of(told, "cached")).toEqual([{ kind: "cached", paths: [path] }]);
  const before = loop.world().cached;
  // cnitool makes the container's ID from the path of the namespace, which may come again.
  add("d0");
  rmSync(dead[1] ?? "");
  const now = withCache(before, join(root, "dead", "cache"));
  expect(now.get(dead[0] ?? "")?.identity).toMatchObject({ containerId: "d0" });
  expect(now.get(dead[2] ?? "")).toBe(before.get(dead[2] ?? ""));
  expect(now.size).toBe(before.size - 1);
});

it("what had a record is news when it had none for five minutes, once", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const { loop, told, begin, add } = follow("released");
  const path = add("a");
  begin();
  const deleted = new Map([["podnet/a@eth0", performance.now()]]);
  loop.setWorld({ ...loop.world(), deleted });
  const before = told.length;
  await vi.advanceTimersByTimeAsync(299_000);
  expect(told).toHaveLength(before);
  expect(loop.world().deleted).toEqual(deleted);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(told.slice(before)).toEqual([{ kind: "cached", paths: [path] }]);
  expect(loop.world().deleted.size).toBe(0);
});
