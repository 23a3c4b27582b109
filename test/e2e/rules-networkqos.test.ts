/** Whom a NetworkQoS in policyDir is about and which of several decides: on the wire, as the packets arrive, both families. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NAD } from "../lab/policy/guide.ts";
import { everywhere, networkQos, openPolicies, type Policies } from "../lab/policy/policies.ts";
import type { RuledPod, Wishes } from "../lab/plugin/ruled-pod.ts";
import { queues } from "../lab/traffic/traffic.ts";

let policies: Policies;
beforeEach(async () => {
  policies = await openPolicies();
});
afterEach(() => policies.node[Symbol.asyncDispose]());

const app = { "nqos-app": "bw-limited" };
const ofNad = {
  networkSelectionType: "NetworkAttachmentDefinitions",
  networkAttachmentDefinitionSelector: {
    namespaceSelector: {},
    networkSelector: { matchLabels: { "nad-type": "ovn-kubernetes-nqos" } },
  },
};
const limited = { dscp: 20, bandwidth: { rate: 20_000 } };

const put = (name: string, spec: object): void => policies.put(`${name}.json`, networkQos(spec, name));
const about = (egress: object, more: object = {}): object => ({
  podSelector: { matchLabels: app },
  egress: [egress],
  ...more,
});

const on = (name: string): Wishes => ({ conf: { name } });

/** Whether the pod has anything of ours that could limit. */
const limits = async ({ pod: from }: RuledPod): Promise<boolean> =>
  (await queues(from, "eth0")).some(({ kind }) => kind === "htb");

describe("whom it is about", () => {
  it("002-26 002-22 the pod with its label, whatever other labels it has: marked, and limited; 002-10 gone with DEL", async () => {
    put("video", about(limited));
    const made = await policies.pod({ labels: { foo: "bar", ...app } });
    expect(await policies.marksOf(made)).toEqual([20, 20]);
    expect(await limits(made)).toBe(true);
    expect((await made.call("DEL")).exitCode).toBe(0);
    expect([await policies.marksOf(made), await limits(made)]).toEqual([[0, 0], false]);
  });

  it.each([
    ["002-26 a pod without the label", {}, {}],
    ["002-26 a pod with another value", { "nqos-app": "other" }, {}],
    ["001-22 a pod of another namespace", app, { namespace: "other" }],
  ] as const)("not %s", async (_, labels, more) => {
    put("video", about(limited));
    const made = await policies.pod({ labels, ...more });
    expect([await policies.marksOf(made), await limits(made)]).toEqual([[0, 0], false]);
    // The same file marks: it was not overlooked.
    expect(await policies.marks({ labels: app })).toEqual([20, 20]);
  });

  it.each([
    ["an empty podSelector", {}],
    ["no podSelector", { podSelector: undefined }],
  ])("002-9 with %s is about every pod of its namespace, and no other", async (_, more) => {
    policies.put("a.json", networkQos({ egress: [{ dscp: 20 }], ...more }));
    for (const labels of [{}, { app: "any", tier: "db" }]) {
      expect(await policies.marks({ labels })).toEqual([20, 20]);
      expect(await policies.marks({ labels, namespace: "other" })).toEqual([0, 0]);
    }
  });

  it("002-3 002-10 with networkSelectors: both the pod and the network's label must match", async () => {
    put("video", about(limited, { networkSelectors: [ofNad] }));
    const plain = NAD.replaceAll("ovn-stream", "plain-net").replace(/ {2}labels:.*\n.*\n/, "");
    expect(plain).not.toContain("nad-type");
    policies.put("nads.yaml", NAD, plain);
    expect(await policies.marks({ labels: app, ...on("ovn-stream") })).toEqual([20, 20]);
    expect(await policies.marks({ labels: app, ...on("plain-net") })).toEqual([0, 0]);
    expect(await policies.marks({ labels: app, ...on("unheard-of") })).toEqual([0, 0]);
    expect(await policies.marks({ labels: {}, ...on("ovn-stream") })).toEqual([0, 0]);
  });

  it("002-5 without networkSelectors: every interface, the default network's and any other", async () => {
    put("video", about(limited));
    policies.put("nad.yaml", NAD);
    for (const [name, podDevice] of [
      ["default-net", "eth0"],
      ["ovn-stream", "eth1"],
      ["another-net", "net1"],
    ] as const) {
      expect([name, await policies.marks({ labels: app, ...on(name), wire: { podDevice } })]).toEqual([
        name,
        [20, 20],
      ]);
    }
  });
});

describe("what it does", () => {
  it("002-11 of two objects the one of the higher priority decides, whatever the names of their files", async () => {
    const narrow = { classifier: { ports: [{ protocol: "UDP", port: 53 }] } };
    const packets = [...everywhere(53), ...everywhere()];
    put("a-low", about({ dscp: 10 }, { priority: 1 }));
    put("b-high", about({ dscp: 46, ...narrow }, { priority: 2 }));
    const made = await policies.pod({ labels: app });
    expect(await policies.marksOf(made, packets)).toEqual([46, 46, 10, 10]);
    put("a-low", about({ dscp: 10 }, { priority: 3 }));
    expect((await made.call("ADD")).exitCode).toBe(0);
    expect(await policies.marksOf(made, packets)).toEqual([10, 10, 10, 10]);
    put("b-high", about({ dscp: 46, ...narrow }, { priority: 100 }));
    expect((await made.call("ADD")).exitCode).toBe(0);
    expect(await policies.marksOf(made, packets)).toEqual([46, 46, 10, 10]);
    await made.end();
  });
});
