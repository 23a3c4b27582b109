/** Whose packets an EgressQoS in policyDir marks, as they arrive, both families. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { failed, succeeded } from "../lab/plugin/answers.ts";
import type { Packet } from "../lab/traffic/packets.ts";
import { egressQos, everywhere, marked, openPolicies, type Policies } from "../lab/policy/policies.ts";
import type { Namespace } from "../lab/node/process.ts";
import type { RuledPod, Wishes } from "../lab/plugin/ruled-pod.ts";

let policies: Policies;
beforeEach(async () => {
  policies = await openPolicies();
});
afterEach(() => policies.node[Symbol.asyncDispose]());

const unmarked = marked(0);

describe("an EgressQoS", () => {
  it("001-3 001-8 is one for a namespace, and without podSelector for every pod of it and no other", async () => {
    policies.put("a.json", egressQos([{ dscp: 30 }]));
    policies.put("b.json", egressQos([{ dscp: 31 }], "default", "prod"));
    const cases: readonly (readonly [Wishes, number])[] = [
      [{ labels: {} }, 30],
      [{ labels: { app: "any", tier: "db" } }, 30],
      [{}, 30],
      [{ labels: {}, namespace: "prod" }, 31],
      [{ labels: { app: "any" }, namespace: "elsewhere" }, 0],
    ];
    for (const [wishes, dscp] of cases) {
      expect([wishes, await policies.marks(wishes)]).toEqual([wishes, marked(dscp)]);
    }
  });

  it("001-3 a second one of the same namespace and name is refused: no pod is marked by either", async () => {
    policies.put("a.json", egressQos([{ dscp: 30 }]));
    policies.put("b.json", egressQos([{ dscp: 31 }]));
    const pod = await policies.wired({ labels: {} });
    failed(await pod.call("ADD"), 7, ["b.json: EgressQoS default/default is in a.json as well"]);
    expect(await policies.marksOf(pod)).toEqual(unmarked);
  });

  it("001-5 with 0 and with 63 sets just that, whatever the pod itself set; -1 and 64 are refused", async () => {
    const own = everywhere().map((packet) => ({ ...packet, tos: 0xb9 }));
    for (const dscp of [0, 63]) {
      policies.put("a.json", egressQos([{ dscp }]));
      expect(await policies.marks({ labels: {} }, own)).toEqual(marked(dscp));
    }
    for (const dscp of [-1, 64]) {
      policies.put("a.json", egressQos([{ dscp }]));
      const pod = await policies.wired({ labels: {} });
      failed(await pod.call("ADD"), 7, [
        `a.json: EgressQoS default/default: spec.egress[0].dscp: ${dscp} is not valid`,
      ]);
      expect(await policies.marksOf(pod, own)).toEqual(marked(0xb9 >> 2));
    }
  });

  it("001-14 marks a pod created after it, one of before it and one relabelled at their next ADD, and no deleted one", async () => {
    const before = await policies.pod({ labels: { app: "x" } });
    policies.put("a.json", egressQos([{ dscp: 42, podSelector: { matchLabels: { app: "x" } } }]));
    const after = await policies.pod({ labels: { app: "x" } });
    const other = await policies.pod({ labels: { app: "y" } });
    expect(await marksOfAll(before, after, other)).toEqual([unmarked, marked(42), unmarked]);
    succeeded(await before.call("ADD"));
    succeeded(await after.call("ADD", { labels: { app: "y" } }));
    succeeded(await other.call("ADD", { labels: { app: "x" } }));
    expect(await marksOfAll(before, after, other)).toEqual([marked(42), unmarked, marked(42)]);
    succeeded(await other.call("DEL"));
    expect(await marksOfAll(before, other)).toEqual([marked(42), unmarked]);
  });

  it("001-21 has rules and sets in its pods alone, as many in each whatever other pods there are", async () => {
    const rules = Array.from({ length: 40 }, (_, at) => ({
      dscp: at + 1,
      dstCIDR: `203.0.113.${at * 4}/30`,
    }));
    policies.put("a.json", egressQos([...rules, { dscp: 46, dstCIDR: "2001:db8:ffff::/48" }]));
    const first = await policies.pod({ labels: {} });
    const alone = await heldBy(first.pod);
    expect(alone.filter((line) => line.includes("--set-dscp")).length).toBe(41);
    const pods = [first];
    while (pods.length < 9) pods.push(await policies.pod({ labels: {} }));
    expect(await Promise.all(pods.map(({ pod }) => heldBy(pod)))).toEqual(pods.map(() => alone));
    expect(await heldBy(policies.node)).toEqual([]);
    const packets = ["203.0.113.1", "203.0.113.158", "203.0.113.200", "2001:db8:ffff::7"].map(udp);
    for (const pod of pods) expect(await policies.marksOf(pod, packets)).toEqual([1, 40, 0, 46]);
  });
});

const udp = (destination: string): Packet => ({ destination, protocol: "UDP", port: 9 });

const marksOfAll = async (...pods: readonly RuledPod[]): Promise<readonly unknown[]> => {
  const all = [];
  for (const pod of pods) all.push(await policies.marksOf(pod));
  return all;
};

/** What of ours iptables and ipset have in a namespace. */
const heldBy = async (ns: Namespace): Promise<readonly string[]> => {
  const { stdout } = await ns.exec("sh", ["-ec", "iptables-save; ip6tables-save; ipset list"]);
  return stdout.split("\n").filter((line) => /POD-QOS|pod-qos|^Name|^[\d.:a-f]+\/\d+/.test(line));
};
