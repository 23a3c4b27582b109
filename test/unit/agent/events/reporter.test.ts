/** From what the loop finds to what is written: when something counts as so, and whom it is about. */
import { expect, it } from "vitest";
import type { Findings } from "../../../../plugin/agent/events/of-decision.ts";
import { createReporter } from "../../../../plugin/agent/events/reporter.ts";
import { createMetrics } from "../../../../plugin/agent/metrics.ts";
import { apiViewOf } from "../../../../plugin/agent/view/view.ts";
import { emptyWorld, type World } from "../../../../plugin/agent/world.ts";
import type { KnownPod } from "../../../../plugin/knowledge/pod.ts";
import { emptySnapshot } from "../../../../plugin/knowledge/snapshot.ts";
import type { AttachmentRecord } from "../../../../plugin/state/record.ts";

const web: KnownPod = { uid: "u-1", namespace: "prod", name: "web-1", labels: {}, annotations: {} };
const record: AttachmentRecord = {
  version: 1,
  identity: { network: "podnet", containerId: "c1", ifname: "eth0" },
  netns: "/nowhere",
  netnsId: "0:0",
  pod: "prod/web-1",
  facts: undefined,
  programs: [],
  asked: { namespace: "prod", name: "web-1", uid: "u-1" },
};
const key = "podnet/c1@eth0";

const begin = (pods: readonly KnownPod[] = [web]) => {
  const world: World = { ...emptyWorld, view: apiViewOf(emptySnapshot, pods) };
  const written: string[] = [];
  const reporter = createReporter(() => world, {
    node: "node-1",
    log: () => undefined,
    metrics: createMetrics(),
    signal: new AbortController().signal,
    pace: { gapMs: 0, againMs: 0 },
  });
  reporter.setWriter(({ body }) => {
    const { reason, message } = JSON.parse(body) as { readonly reason: string; readonly message: string };
    return Promise.resolve(written.push(`${reason}: ${message}`));
  });
  const decided = async (findings: Findings): Promise<void> => {
    reporter.decided(key, record, findings);
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  return { decided, reporter, written };
};

const failure: Findings = { request: [{ reason: "QoSFailed", note: "tc failed" }] };
const well: Findings = { request: [], ceiling: [] };

it("a failure is reported when it is one for the second time in a row, once", async () => {
  const { decided, written } = begin();
  for (const findings of [failure, well, failure]) await decided(findings);
  expect(written).toEqual([]);
  for (const findings of [failure, failure]) await decided(findings);
  expect(written).toEqual(["QoSFailed: eth0: tc failed"]);
});

it("what a decision says nothing of stays as it was reported", async () => {
  const { decided, written } = begin();
  const cut: Findings = { request: [], ceiling: [{ reason: "QoSCut", note: "1G is cut" }] };
  for (const findings of [cut, failure, failure, {}, cut]) await decided(findings);
  expect(written).toEqual(["QoSCut: eth0: 1G is cut", "QoSFailed: eth0: tc failed"]);
});

it("of a pod that the API does not show nothing is reported", async () => {
  const { decided, written } = begin([]);
  await decided({ request: [{ reason: "QoSRejected", note: "bad" }] });
  expect(written).toEqual([]);
});

it("what cannot be put back is a failure, what is put back thrice within an hour a fight", async () => {
  const { reporter, written } = begin();
  const faults = [{ tool: "tc", text: "its class is missing" }];
  const seen = async (kind: "mended" | "unmended"): Promise<void> => {
    reporter.readBack(
      key,
      record,
      kind === "mended" ? { kind, faults } : { kind, faults, error: new Error("no") },
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  for (const kind of ["unmended", "unmended", "mended", "mended"] as const) await seen(kind);
  expect(written).toEqual(["QoSFailed: eth0: its class is missing: it cannot be put back: no"]);
  await seen("mended");
  expect(written.slice(1)).toEqual([
    "QoSDrift: eth0: restored several times within an hour, because something else on the node keeps changing it: its class is missing",
  ]);
});
