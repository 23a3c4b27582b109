/** The MTU of a link changes under its limits, as in a jumbo-frame rollout: every size still passes, and CHECK says so. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { childPodWith, FAR_ADDRESS } from "../lab/node/child-pod.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { onAnyKernel, paced } from "../lab/traffic/pace.ts";
import { plug } from "../lab/plugin/plug.ts";
import type { Namespace } from "../lab/node/process.ts";
import { podWith, ruledPod, type RuledPod, type Wishes } from "../lab/plugin/ruled-pod.ts";
import { listen, send, senderNeeds } from "../lab/traffic/sender.ts";

let node: LabNode;
beforeAll(async () => {
  node = await createNode();
  await node.exec("ip", ["address", "add", `${FAR_ADDRESS}/32`, "dev", "lo"]);
  listen(node, FAR_ADDRESS);
});
afterAll(() => node[Symbol.asyncDispose]());

const LATER = [9000, 65_535, 1500] as const;

const limited = (bandwidth: object): Wishes => ({
  annotations: { "pod-qos/egress": JSON.stringify([{ bandwidth }]) },
});
const capped = (discipline: string): Wishes => ({
  annotations: {
    "pod-qos/egress-bandwidth": "20M",
    "pod-qos/ingress-bandwidth": "20M",
    "pod-qos/discipline": discipline,
  },
});
const inPod = (wishes: Wishes): Wishes => ({ ...wishes, conf: { enforce: "pod" } });

const limits: readonly (readonly [string, Wishes])[] = [
  ["a rule's police limit", limited({ rate: 20_000 })],
  ["a rule's police limit with a burst of one packet", limited({ rate: 20_000, burst: 13 })],
  ["a rule's shape limit", limited({ rate: 20_000, discipline: "shape" })],
  ["shaped caps", capped("shape")],
  ["shaped caps in the pod", inPod(capped("shape"))],
  ["policed caps", capped("police")],
  ["policed caps in the pod", inPod(capped("police"))],
];

suite("after the MTU of a veth has changed from 1500 to 9000, 65535 and back", senderNeeds, () => {
  const rows = paced("the MTU of a veth under", limits, 0);
  test.each(rows)("every size passes %s, and CHECK passes", async (_, wishes) => {
    const pod = await podWith(node, wishes);
    for (const mtu of LATER) {
      await setMtu(pod, mtu);
      await expectAllSizesPass(pod.pod);
      succeededSilently(await pod.call("CHECK"));
    }
    await pod.end();
  });

  onAnyKernel(
    "CHECK says which policer can pass no full packet any more, for its burst is shorter",
    async () => {
      const { annotations } = capped("police");
      const burst = { "pod-qos/egress-burst": "40k", "pod-qos/ingress-burst": "40k" };
      const pod = await ruledPod(node, await node.addPod(), { annotations: { ...annotations, ...burst } });
      expect(await pod.call("ADD")).toMatchObject({ exitCode: 0 });
      succeededSilently(await pod.call("CHECK"));
      await setMtu(pod, 9000);
      failed(await pod.call("CHECK"), 100, ["burst of 40000 bits", "MTU 9000"]);
      await setMtu(pod, 1500);
      succeededSilently(await pod.call("CHECK"));
      await pod.end();
    },
  );
});

describe("an ADD repeated after the MTU of a pod's macvlan has changed", () => {
  suite("with a shaped cap to the pod", { ...senderNeeds, features: ["macvlan", "ifb"] }, () => {
    onAnyKernel("keeps the ifb, and CHECK passes; so it does where the ifb was down", async () => {
      const { annotations } = capped("shape");
      const pod = await plug(node, {
        kind: "macvlan",
        conf: { runtimeConfig: { "io.kubernetes.cri.pod-annotations": annotations } },
      });
      succeeded(await pod.call("ADD"));
      const [{ ifname, ifindex }] = await ifbOf(pod.pod);
      for (const mtu of LATER) {
        await node.exec("ip", ["link", "set", pod.nodeDevice, "mtu", `${mtu}`]);
        await pod.pod.exec("ip", ["link", "set", pod.ifname, "mtu", `${mtu}`]);
        succeeded(await pod.call("ADD"));
        expect(await ifbOf(pod.pod)).toMatchObject([{ ifname, ifindex, mtu }]);
        succeededSilently(await pod.call("CHECK"));
      }
      await pod.pod.exec("ip", ["link", "set", ifname, "down"]);
      failed(await pod.call("CHECK"), 100, [ifname, "down"]);
      succeeded(await pod.call("ADD"));
      expect(await ifbOf(pod.pod)).toMatchObject([{ ifname, ifindex }]);
      succeededSilently(await pod.call("CHECK"));
      succeededSilently(await pod.call("DEL"));
      await pod.unplug();
    });
  });
});

const inEachKind = [
  ["a rule's police limit", limited({ rate: 20_000 })],
  ["shaped caps", capped("shape")],
  ["policed caps", capped("police")],
] as const;

const kinds = paced(
  "the MTU of the parent of a pod's",
  ["macvlan", "ipvlan"] as const,
  0,
  (kind) => kind === "ipvlan",
);

describe.each(kinds)("after the MTU of the parent of a pod's %s has changed so", (kind) => {
  const needs = { ...senderNeeds, features: kind === "ipvlan" ? ([kind] as const) : [] };
  suite(`and the ${kind} has followed`, needs, () => {
    test.each(inEachKind)("every size passes %s, and CHECK passes", async (_, { annotations }) => {
      const pod = await childPodWith(node, kind, annotations ?? {});
      listen(pod.far, FAR_ADDRESS);
      for (const mtu of LATER) {
        await pod.setMtu(mtu);
        expect(await pod.mtu()).toBe(mtu);
        await expectAllSizesPass(pod.pod);
        succeededSilently(await pod.call("CHECK"));
      }
      await pod.end();
    });
  });
});

const ifbOf = async (pod: Namespace): Promise<readonly [IfbRow]> =>
  JSON.parse((await pod.exec("ip", ["-j", "link", "show", "type", "ifb"])).stdout) as readonly [IfbRow];

interface IfbRow {
  readonly ifname: string;
  readonly ifindex: number;
  readonly mtu: number;
}

const setMtu = async ({ pod, wire }: RuledPod, mtu: number): Promise<void> => {
  await node.exec("ip", ["link", "set", wire.hostDevice, "mtu", `${mtu}`]);
  await pod.exec("ip", ["link", "set", wire.podDevice, "mtu", `${mtu}`]);
};

/** Just below, at and above what a frame of each MTU carries, whole and in fragments; and a stream in frames as long as can be. */
const SIZES = [56, 1472, 1473, 8972, 8973, 40_000, 65_507] as const;

const expectAllSizesPass = async (pod: Namespace): Promise<void> => {
  for (const size of SIZES) {
    // Three tries of each, for a policer may have had its fill.
    await pod.exec("ping", ["-n", "-c", "1", "-w", "5", "-i", "0.5", "-s", `${size}`, FAR_ADDRESS]);
  }
  const sent = await send(pod, FAR_ADDRESS, { kind: "tcp", bytes: 300_000, everyMs: 200, count: 3 });
  expect(sent.arrived).toBe(3);
};
