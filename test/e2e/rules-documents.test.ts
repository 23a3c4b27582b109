/** The objects of the documents 001 and 003 as files in policyDir, and their marks as they arrive. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { succeeded } from "../lab/plugin/answers.ts";
import { captured } from "../lab/node/capture.ts";
import type { Packet } from "../lab/traffic/packets.ts";
import { openPolicies, type Policies } from "../lab/policy/policies.ts";
import type { RuledPod, Wishes } from "../lab/plugin/ruled-pod.ts";

let policies: Policies;
beforeEach(async () => {
  policies = await openPolicies();
});
afterEach(() => policies.node[Symbol.asyncDispose]());

/** As the documents write it. */
const put = (rules: readonly string[], name = "default"): void =>
  policies.put(
    `${name}.yaml`,
    [
      "kind: EgressQoS",
      "apiVersion: k8s.ovn.org/v1",
      "metadata:",
      `  name: ${name}`,
      "  namespace: default",
      "spec:",
      "  egress:",
      ...rules.map((rule) => `  - ${rule}`),
    ].join("\n"),
  );

const packets = (...to: readonly string[]): readonly Packet[] =>
  to.map((destination) => ({ destination, protocol: "UDP", port: 9 }));
const marksOf = (pod: RuledPod, ...to: readonly string[]) => policies.marksOf(pod, packets(...to));
const marks = (wishes: Wishes, ...to: readonly string[]) => policies.marks(wishes, packets(...to));

describe("the EgressQoS of 001", () => {
  it("001-1 001-9 001-10 003-7 marks the Critical pod's traffic to 1.2.3.4 with 46, all else with 30", async () => {
    put([
      "{dscp: 46, dstCIDR: 1.2.3.4/32, podSelector: {matchLabels: {priority: Critical}}}",
      "{dscp: 30, dstCIDR: 0.0.0.0/0}",
    ]);
    const to = ["1.2.3.4", "1.2.3.5", "2001:db8:ffff::7"];
    expect(await marks({ labels: { priority: "Critical" } }, ...to)).toEqual([46, 30, 0]);
    expect(await marks({ labels: { priority: "Low" } }, ...to)).toEqual([30, 30, 0]);
    expect(await marks({ labels: {} }, ...to)).toEqual([30, 30, 0]);
    expect(await marks({ labels: {}, namespace: "other" }, ...to)).toEqual([0, 0, 0]);
  });

  it("001-12 001-13 with an IPv6 CIDR gives traffic class 192", async () => {
    put(["{dscp: 48, dstCIDR: '2001:0db8:85a3:0000:0000:8a2e:0370:7330/124'}"]);
    expect(
      await marks({ labels: {} }, "2001:db8:85a3::8a2e:370:7334", "2001:db8:85a3::8a2e:370:7340"),
    ).toEqual([48, 0]);
  });

  it("001-18 leaves alone what the pod receives", async () => {
    put(["{dscp: 30}"]);
    const pod = await policies.pod({ labels: {} });
    const filter = "icmp[icmptype] == 8 or (icmp6 and ip6[40] == 128)";
    const arriving = await captured(policies.node, { ns: pod.pod, device: "eth0", filter }, async () => {
      for (const address of [pod.wire.pod4, pod.wire.pod6]) {
        await policies.node.exec("ping", ["-c", "2", "-i", "0.2", address]);
      }
    });
    expect(arriving.map(({ tos }) => tos)).toEqual([0, 0, 0, 0]);
    expect(await marksOf(pod, "192.0.2.7", "2001:db8:ffff::7")).toEqual([30, 30]);
    await pod.end();
  });
});

describe("the EgressQoS of 003", () => {
  const three = [
    "{dscp: 30, dstCIDR: 1.2.3.0/24}",
    "{dscp: 42, podSelector: {matchLabels: {app: example}}}",
    "{dscp: 28}",
  ];
  const to = ["1.2.3.4", "192.0.2.7", "2001:db8:ffff::7"];

  it("003-2 003-4 003-5 003-6 003-8 003-17 marks with 30, 42 and 28 in its order", async () => {
    put(three);
    expect(await marks({ labels: { app: "example" } }, ...to)).toEqual([30, 42, 42]);
    expect(await marks({ labels: {} }, ...to)).toEqual([30, 28, 28]);
  });

  it("003-3 reversed marks everything with 28", async () => {
    put(three.toReversed());
    expect(await marks({ labels: { app: "example" } }, ...to)).toEqual([28, 28, 28]);
    expect(await marks({ labels: {} }, ...to)).toEqual([28, 28, 28]);
  });

  it("003-1 counts only under the name default", async () => {
    put(["{dscp: 50}"], "other");
    const pod = await policies.wired({ labels: { app: "example" } });
    expect((await pod.call("ADD")).exitCode).toBe(0);
    expect(await marksOf(pod, ...to)).toEqual([0, 0, 0]);
    await pod.end();
  });

  it("003-11 003-12 updated, its new rules count and its old ones are gone, at the pod's next ADD", async () => {
    put(three);
    const pod = await policies.pod({ labels: { app: "updated-example" } });
    expect(await marksOf(pod, ...to)).toEqual([30, 28, 28]);
    put(["{dscp: 48, podSelector: {matchLabels: {app: updated-example}}}", "{dscp: 28}"]);
    succeeded(await pod.call("ADD"));
    expect(await marksOf(pod, ...to)).toEqual([48, 48, 48]);
    expect(await marks({ labels: { app: "not-the-example" } }, ...to)).toEqual([28, 28, 28]);
    await pod.end();
  });

  it("003-10 a pod whose label changed away loses its mark, at its next ADD", async () => {
    put(three);
    const pod = await policies.pod({ labels: { app: "example" } });
    expect(await marksOf(pod, "192.0.2.7")).toEqual([42]);
    succeeded(await pod.call("ADD", { labels: { app: "not-the-example" } }));
    expect(await marksOf(pod, "192.0.2.7")).toEqual([28]);
    await pod.end();
  });

  it("003-14 003-16 001-17 without an object there are no rules, also after there was one", async () => {
    put(three);
    const pod = await policies.pod({ labels: {} });
    // 003-16 an EgressQoS marks, and limits nothing.
    expect((await pod.pod.exec("tc", ["qdisc", "show", "dev", "eth0"])).stdout).not.toContain("htb");
    policies.remove("default.yaml");
    succeeded(await pod.call("ADD"));
    expect(await marksOf(pod, ...to)).toEqual([0, 0, 0]);
    expect((await pod.pod.exec("iptables-save", ["-t", "mangle"])).stdout).not.toContain("POD-QOS");
    await pod.end();
  });
});
