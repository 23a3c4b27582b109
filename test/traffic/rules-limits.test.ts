/** Limits by rule, with traffic: the guide's policy, what nests in what, and what is left alone. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { paced } from "../lab/traffic/pace.ts";
import { podWith, type RuledPod, type Wishes } from "../lab/plugin/ruled-pod.ts";
import { measure, queueBytes, type Load } from "../lab/traffic/traffic.ts";
import { twice, within } from "../lab/measure/twice.ts";

let node: LabNode;
beforeAll(async () => {
  node = await createNode();
  // Where the pods send to, beside the node's own end of each wire.
  await node.exec("sh", ["-ec", ADDRESSES]);
});
afterAll(() => node[Symbol.asyncDispose]());

const ADDRESSES = `
for each in ${["192.0.2.7", "10.11.12.13", "172.16.5.5"].join(" ")}; do ip address add $each/32 dev lo; done
ip -6 address add 2001:db8:ffff::7/128 dev lo nodad
`;

const to = (cidr: string, ...except: readonly string[]): object => ({ ipBlock: { cidr, except } });
const egress = (...rules: readonly object[]): Wishes => ({
  annotations: { "pod-qos/egress": JSON.stringify(rules) },
});

/** Mbit/s at the receiver. */
const rate = async ({ pod }: RuledPod, address: string, load: Partial<Load> = {}): Promise<number> => {
  const { bitsPerSecond } = await measure({
    from: pod,
    to: node,
    address,
    seconds: 5,
    congestion: "cubic",
    ...load,
  });
  return bitsPerSecond / 1e6;
};

const spared = paced("002-19 to", ["10.11.12.13", "172.16.5.5", "2001:db8:ffff::7"], 2);
const except = ["10.11.12.13/32", "172.16.0.0/12", "192.168.0.0/16"];
const guide = (bandwidth: object): object => ({
  dscp: 20,
  bandwidth,
  classifier: { to: [to("0.0.0.0/0", ...except)] },
});

describe("the rule of the guide", () => {
  it.each(
    paced(
      "002-16 20 Mbit/s with",
      [
        ["its own burst", { rate: 20_000, burst: 100 }, 12],
        ["the default burst", { rate: 20_000 }, 17],
        ["a queue", { rate: 20_000, discipline: "shape" }, 17],
      ] as const,
      2,
    ),
  )("002-14 002-15 002-16 holds TCP at 20 Mbit/s with %s", async (_, bandwidth, least) => {
    const pod = await podWith(node, egress(guide(bandwidth)));
    const limited = await rate(pod, "192.0.2.7");
    expect(limited).toBeGreaterThan(least);
    expect(limited).toBeLessThan(21);
    await pod.end();
  });

  it("002-19 leaves the exceptions and the other family alone: above 90 % of what is free", async () => {
    const free = await podWith(node, {});
    const pod = await podWith(node, egress(guide({ rate: 20_000 })));
    // More than a node's link has; all that a machine can do would be a measurement of its other tenants.
    const load = { seconds: 1, bitrate: "4G" };
    for (const address of spared) {
      // In turn, since the machine is shared.
      const before = await rate(free, address, load);
      const excepted = await rate(pod, address, load);
      const after = await rate(free, address, load);
      expect(excepted / Math.min(before, after)).toBeGreaterThan(0.9);
    }
    await pod.end();
    await free.end();
  });

  it("002-17 drops what is above the rate", async () => {
    const pod = await podWith(node, egress(guide({ rate: 20_000 })));
    const load = {
      from: pod.pod,
      to: node,
      address: "192.0.2.7",
      seconds: 4,
      udp: true,
      bitrate: "60M",
    } as const;
    const { lostPercent, bitsPerSecond } = await measure(load);
    expect(lostPercent).toBeGreaterThan(55);
    expect(bitsPerSecond / 20e6).toBeLessThan(1.06 + 0.2 / 4);
    await pod.end();
  });
});

describe("what is limited", () => {
  it("both families of one rule share its limit", async () => {
    const pod = await podWith(node, egress({ bandwidth: { rate: 20_000 } }));
    const began = performance.now();
    const both = await Promise.all([rate(pod, "192.0.2.7"), rate(pod, "2001:db8:ffff::7")]);
    // The two need not begin and end together, so what counts is the bytes that left.
    const seconds = (performance.now() - began) / 1000;
    expect(both[0] + both[1]).toBeGreaterThan(17);
    expect((await queueBytes(pod.pod, "eth0")) * 8).toBeLessThan(20e6 * (seconds * 1.02 + 0.25));
    await pod.end();
  });

  it("two rules of the same rate have a limit each", async () => {
    const rules = ["192.0.2.0/24", "10.0.0.0/8"].map((cidr) => ({
      bandwidth: { rate: 10_000 },
      classifier: { to: [to(cidr)] },
    }));
    const pod = await podWith(node, egress(...rules));
    for (const each of await Promise.all([rate(pod, "192.0.2.7"), rate(pod, "10.11.12.13")])) {
      expect(each).toBeGreaterThan(8.5);
      expect(each).toBeLessThan(10.5);
    }
    await pod.end();
  });

  it("002-27 what the pod receives is not", async () => {
    const pod = await podWith(node, egress({ bandwidth: { rate: 5_000 } }));
    expect(await rate(pod, pod.wire.node4, { reverse: true, seconds: 1 })).toBeGreaterThan(100);
    await pod.end();
  });
});

describe("a limit inside the pod's cap", () => {
  it.each(["shape", "police"] as const)(
    "%s: the rule holds its rate, all together the cap",
    async (discipline) => {
      const rules = [{ bandwidth: { rate: 10_000 }, classifier: { to: [to("192.0.2.0/24")] } }];
      const pod = await podWith(node, {
        annotations: {
          "pod-qos/egress": JSON.stringify(rules),
          "pod-qos/egress-bandwidth": "40M",
          "pod-qos/discipline": discipline,
        },
        conf: { enforce: "pod" },
      });
      const alone = await rate(pod, "192.0.2.7", { seconds: 4 });
      expect(alone).toBeGreaterThan(8.5);
      expect(alone).toBeLessThan(10.5);
      const [limited, rest] = await Promise.all([rate(pod, "192.0.2.7"), rate(pod, "10.11.12.13")]);
      expect(limited).toBeLessThan(10.5);
      expect(limited).toBeGreaterThan(4);
      expect(limited + rest).toBeGreaterThan(40 * (discipline === "shape" ? 0.88 : 0.7));
      expect(limited + rest).toBeLessThan(41);
      await pod.end();
    },
  );
});

it("a packet costs the same with 5000 exceptions as with 5", async () => {
  const pods: RuledPod[] = [];
  for (const count of [5, 5000]) {
    const rules = [{ dscp: 10, classifier: { to: [to("0.0.0.0/0", ...networks(count))] } }];
    pods.push(await podWith(node, { conf: { egress: rules } }));
  }
  await twice("64-byte datagrams", async () => {
    // Small packets, so that what is measured is the cost of a packet; in turn, best of three.
    const rates: number[][] = [[], []];
    for (let round = 0; round < 3; round += 1) {
      for (const [at, pod] of pods.entries()) {
        rates[at]?.push(await rate(pod, "192.0.2.7", { udp: true, bitrate: "0", segment: 64, seconds: 1 }));
      }
    }
    const [few = 0, many = 0] = rates.map((each) => Math.max(...each));
    expect(few).toBeGreaterThan(0);
    return within("5000 exceptions against 5", many / few, 1 / 1.1, Infinity);
  });
  for (const pod of pods) await pod.end();
});

const networks = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`);
