/** docs/metrics.md against what the agent serves. The labels are held by test/cluster/metrics.test.ts, against a live one. */
import { expect, it } from "vitest";
import { createMetrics } from "../../plugin/agent/metrics.ts";
import { createTraffic } from "../../plugin/agent/traffic-metrics.ts";
import { emptyWorld } from "../../plugin/agent/world.ts";
import { documentedMetrics } from "./support/metrics-page.ts";

it("the page has what is served, with its type and its words, and nothing else", async () => {
  const { registry } = createMetrics();
  createTraffic({ registry, world: () => emptyWorld, stateDir: "", mostPods: 0, log: () => undefined });
  const served = (await registry.getMetricsAsJSON()).map(({ name, type, help }) => ({
    name,
    type: String(type),
    help,
  }));
  const documented = documentedMetrics().map(({ name, type, help }) => ({ name, type, help }));
  expect(documented.toSorted(byName)).toEqual(served.toSorted(byName));
});

it("every name has our prefix, or is one that every exporter has", () => {
  for (const { name } of documentedMetrics()) expect(name).toMatch(/^(pod_qos|process)_[a-z_]+$/);
});

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name.localeCompare(b.name);
}
