/** Series of single pods: whose there are, how many, and how often the kernel is asked. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Registry } from "prom-client";
import { afterAll, expect, it } from "vitest";
import { createTraffic } from "../../../plugin/agent/traffic-metrics.ts";
import { emptyWorld, type World } from "../../../plugin/agent/world.ts";
import type { AttachmentRecord } from "../../../plugin/state/record.ts";

const stateDir = mkdtempSync(join(tmpdir(), "pod-qos-traffic-"));
afterAll(() => rmSync(stateDir, { recursive: true }));

const inClass = { device: "nowhere0", class: "bulk", members: [] };

const record = (name: string, more: Partial<AttachmentRecord> = {}): AttachmentRecord => ({
  version: 1,
  identity: { network: "podnet", containerId: `c-${name}`, ifname: "eth0" },
  netns: "/nowhere",
  netnsId: "0:0",
  pod: `prod/${name}`,
  facts: undefined,
  programs: [],
  limits: { egress: 8e6, ingress: 16e6, rules: 0 },
  membership: inClass,
  asked: { namespace: "prod", name, uid: `u-${name}` },
  ...more,
});

const worldOf = (records: readonly AttachmentRecord[]): World => ({
  ...emptyWorld,
  records: new Map(records.map((each, at) => [String(at), { stamp: "", changedMs: 0, record: each }])),
});

const begin = (records: readonly AttachmentRecord[], mostPods = 250) => {
  const registry = new Registry();
  let world = worldOf(records);
  const refresh = createTraffic({ registry, world: () => world, stateDir, mostPods, log: () => undefined });
  const lines = async (name: string): Promise<readonly string[]> => {
    await refresh();
    return (await registry.metrics()).split("\n").filter((line) => line.startsWith(name));
  };
  return { lines, setRecords: (next: readonly AttachmentRecord[]) => (world = worldOf(next)) };
};

const limits = "pod_qos_pod_limit_bytes_per_second";
const of = (pod: string, direction: string, value: number): string =>
  `${limits}{namespace="prod",pod="${pod}",interface="eth0",direction="${direction}"} ${value}`;

it("are of limits in bytes per second, in both directions", async () => {
  expect(await begin([record("a")]).lines(limits)).toEqual([of("a", "egress", 1e6), of("a", "ingress", 2e6)]);
});

it("are of no more pods than that, and the rest is counted", async () => {
  const { lines } = begin(
    Array.from({ length: 5 }, (_, at) => record(`a-${at}`)),
    2,
  );
  expect(await lines(limits)).toHaveLength(4);
  expect(await lines("pod_qos_pods_without_series")).toEqual(["pod_qos_pods_without_series 3"]);
});

it.each([
  ["that asks for nothing", record("a", { membership: undefined } as object)],
  ["that is being deleted", record("a", { membership: { ...inClass, leaving: true } })],
  ["that Kubernetes did not name", record("a", { asked: {} })],
])("are not of a pod %s", async (_, one) => {
  expect(await begin([one]).lines(limits)).toEqual([]);
});

it("are one's where a sandbox was made anew and has the same name", async () => {
  expect(await begin([record("a"), record("a")]).lines(limits)).toHaveLength(2);
});

it("are read anew after five seconds, not with each page", async () => {
  const { lines, setRecords } = begin([record("a")]);
  await lines(limits);
  setRecords([record("b")]);
  expect(await lines(limits)).toEqual([of("a", "egress", 1e6), of("a", "ingress", 2e6)]);
});
