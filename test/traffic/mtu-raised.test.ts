/** A limit still holds, and lets through what it should, after the MTU of its link has changed. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { headerFactor } from "../lab/cap-reading.ts";
import { createNode, type LabNode } from "../lab/node.ts";
import { podWith, type RuledPod, type Wishes } from "../lab/ruled-pod.ts";
import { measure } from "../lab/traffic.ts";
import { twice, within } from "../lab/twice.ts";

let node: LabNode;
beforeAll(async () => {
  node = await createNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const LIMIT = 20e6;

const limits: readonly (readonly [string, Wishes])[] = [
  [
    "a rule's police limit",
    { annotations: { "pod-qos/egress": JSON.stringify([{ bandwidth: { rate: LIMIT / 1000 } }]) } },
  ],
  ["a shaped cap", { annotations: { "pod-qos/egress-bandwidth": String(LIMIT) } }],
];

/** Without fq_codel the queue behind 20M, planned for MTU 1500, holds one frame of 65535. */
const LATER = [
  { mtu: 9000, least: 0.9 },
  { mtu: 65_535, least: 0.8 },
  { mtu: 1500, least: 0.9 },
] as const;

describe("20M planned for MTU 1500 are 20M at 9000, at 65535 and at 1500 again", () => {
  test.each(limits)("%s", async (_, wishes) => {
    const pod = await podWith(node, wishes);
    for (const { mtu, least } of LATER) {
      await setMtu(pod, mtu);
      await twice(`MTU ${mtu}`, async () => {
        const { perSecond } = await measure({
          from: pod.pod,
          to: node,
          address: pod.wire.node4,
          seconds: 4,
          congestion: "cubic",
        });
        // From the second second on: the bucket is full at the start.
        const steady = perSecond.slice(1);
        expect(steady.length).toBeGreaterThan(2);
        const mean = steady.reduce((sum, each) => sum + each, 0) / steady.length;
        return within(
          "the wire, as a part of the limit",
          (mean * headerFactor(mtu, pod.wire.node4)) / LIMIT,
          least,
          1.05,
        );
      });
    }
    await pod.end();
  });
});

const setMtu = async ({ pod, wire }: RuledPod, mtu: number): Promise<void> => {
  await node.exec("ip", ["link", "set", wire.hostDevice, "mtu", `${mtu}`]);
  await pod.exec("ip", ["link", "set", wire.podDevice, "mtu", `${mtu}`]);
};
