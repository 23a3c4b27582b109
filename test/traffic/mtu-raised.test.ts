/** A limit still holds, and lets through what it should, after the MTU of its link has changed. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { headerFactor } from "../lab/traffic/cap-reading.ts";
import { childPodWith, FAR_ADDRESS } from "../lab/node/child-pod.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { paced } from "../lab/traffic/pace.ts";
import type { LinkKind } from "../lab/plugin/plug.ts";
import { podWith } from "../lab/plugin/ruled-pod.ts";
import { measure, type Load } from "../lab/traffic/traffic.ts";
import { twice, within } from "../lab/measure/twice.ts";

let node: LabNode;
beforeAll(async () => {
  node = await createNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const LIMIT = 20e6;
const rule = { "pod-qos/egress": JSON.stringify([{ bandwidth: { rate: LIMIT / 1000 } }]) };
const cap = { "pod-qos/egress-bandwidth": String(LIMIT) };

/** Without fq_codel the queue behind 20M, planned for MTU 1500, holds one frame of 65535. */
const LATER = [
  { mtu: 9000, least: 0.9 },
  { mtu: 65_535, least: 0.8 },
  { mtu: 1500, least: 0.9 },
] as const;

const rows: readonly Row[] = paced(
  "20M at another MTU:",
  [
    { what: "a rule's police limit on a veth", kind: "veth", annotations: rule },
    { what: "a shaped cap on a veth", kind: "veth", annotations: cap },
    { what: "a rule's police limit on macvlan", kind: "macvlan", annotations: rule },
    { what: "a rule's police limit on ipvlan", kind: "ipvlan", annotations: rule },
    { what: "a shaped cap on ipvlan", kind: "ipvlan", annotations: cap },
  ],
  0,
  ({ kind }) => kind === "ipvlan",
);

for (const { what, kind, annotations } of rows) {
  suite(
    `20M planned for MTU 1500 on ${kind}`,
    { plugin: true, tools: ["iperf3"], features: kind === "ipvlan" ? ["ipvlan"] : [] },
    () => {
      test(`are 20M at 9000, at 65535 and at 1500 again: ${what}`, async () => {
        const site = await siteOn(kind, annotations);
        for (const { mtu, least } of LATER) {
          await site.setMtu(mtu);
          await twice(`MTU ${mtu}`, async () => {
            const { perSecond } = await measure({ ...site.along, seconds: 4, congestion: "cubic" });
            // From the second second on: the bucket is full at the start.
            const steady = perSecond.slice(1);
            expect(steady.length).toBeGreaterThan(2);
            const mean = steady.reduce((sum, each) => sum + each, 0) / steady.length;
            const wire = (mean * headerFactor(mtu, site.along.address)) / LIMIT;
            return within(`MTU ${mtu}: the wire, as a part of the limit`, wire, least, 1.05);
          });
        }
        await site.end();
      });
    },
  );
}

interface Row {
  readonly what: string;
  readonly kind: LinkKind;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A pod and whom it sends to. */
interface Site {
  readonly along: Pick<Load, "from" | "to" | "address">;
  readonly setMtu: (mtu: number) => Promise<void>;
  readonly end: () => Promise<void>;
}

const siteOn = async (kind: LinkKind, annotations: Row["annotations"]): Promise<Site> => {
  if (kind !== "veth") {
    const child = await childPodWith(node, kind, annotations);
    return { ...child, along: { from: child.pod, to: child.far, address: FAR_ADDRESS } };
  }
  const { pod, wire, end } = await podWith(node, { annotations });
  return {
    along: { from: pod, to: node, address: wire.node4 },
    setMtu: async (mtu) => {
      await node.exec("ip", ["link", "set", wire.hostDevice, "mtu", `${mtu}`]);
      await pod.exec("ip", ["link", "set", wire.podDevice, "mtu", `${mtu}`]);
    },
    end,
  };
};
