/** What documents ask of marks and of limits beside them, with traffic. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { egressQos, marked, networkQos, openPolicies, type Policies } from "../lab/policy/policies.ts";
import { measure, queues } from "../lab/traffic/traffic.ts";
import { twice, within } from "../lab/measure/twice.ts";

let policies: Policies;
beforeEach(async () => {
  policies = await openPolicies();
});
afterEach(() => policies.node[Symbol.asyncDispose]());

it("001-19 does not interfere with bandwidth annotations: both caps hold, full and no more, beside the mark", async () => {
  policies.put("default.json", egressQos([{ dscp: 30 }]));
  const annotations = { "kubernetes.io/egress-bandwidth": "10M", "kubernetes.io/ingress-bandwidth": "20M" };
  const pod = await policies.pod({ labels: {}, annotations });
  for (const address of [pod.wire.node4, pod.wire.node6]) {
    await twice(`caps beside a mark, to ${address}`, async () => {
      const load = { from: pod.pod, to: policies.node, address, seconds: 3, congestion: "cubic" };
      const out = (await measure(load)).bitsPerSecond;
      const back = (await measure({ ...load, reverse: true })).bitsPerSecond;
      return [...within("egress", out / 10e6, 0.85, 1.05), ...within("ingress", back / 20e6, 0.85, 1.05)];
    });
  }
  expect(await policies.marksOf(pod)).toEqual(marked(30));
  await pod.end();
});

it("002-23 with dscp and no bandwidth it marks, and limits nothing: no class, no drop", async () => {
  const labels = { "nqos-app": "bw-limited" };
  policies.put("video.json", networkQos({ podSelector: { matchLabels: labels }, egress: [{ dscp: 20 }] }));
  const made = await policies.pod({ labels });
  expect(await policies.marksOf(made)).toEqual(marked(20));
  for (const address of [made.wire.node4, made.wire.node6]) {
    await twice(`UDP to ${address}`, async () => {
      const load = { from: made.pod, to: policies.node, address, seconds: 2, udp: true, bitrate: "100M" };
      const { bitsPerSecond, sentBytes } = await measure(load);
      // What a full receiver loses is not ours.
      return within("of what was sent", bitsPerSecond / ((sentBytes * 8) / 2), 0.9, Infinity);
    });
  }
  const held = await queues(made.pod, "eth0");
  expect(held.map(({ kind, drops }) => [kind === "htb", drops])).toEqual([[false, 0]]);
  await made.end();
});
