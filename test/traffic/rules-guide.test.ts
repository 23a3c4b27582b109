/** The guide of 002, its NAD and its policy as files in policyDir, its three pods, what it measures and what it captures. */
import { rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { succeeded } from "../lab/plugin/answers.ts";
import { captured } from "../lab/node/capture.ts";
import { NAD, NQOS, defaultBurst } from "../lab/policy/guide.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { ruledPod, type RuledPod } from "../lab/plugin/ruled-pod.ts";
import { measure, type Load } from "../lab/traffic/traffic.ts";
import { twice, within } from "../lab/measure/twice.ts";

const policyDir = "/etc/cni/pod-qos";

let node: LabNode;
let pods: readonly [RuledPod, RuledPod, RuledPod];
beforeAll(async () => {
  node = await createNode();
  await node.exec("sh", ["-ec", `mkdir -p ${policyDir}; echo 1 >/proc/sys/net/ipv4/ip_forward`]);
  await node.exec("ip", ["address", "add", "172.16.5.5/32", "dev", "lo"]);
  writeFileSync(node.path(`${policyDir}/nad.yaml`), NAD);
  put(NQOS);
  const limited = { "nqos-app": "bw-limited" };
  pods = [await pod({}), await pod(limited), await pod({ foo: "bar", ...limited })];
});
afterAll(() => node[Symbol.asyncDispose]());

/** On eth1, as the guide's pods are on their secondary network. */
const pod = async (labels: Readonly<Record<string, string>>, name = "ovn-stream"): Promise<RuledPod> => {
  const conf = { name, policyDir };
  const made = await ruledPod(node, await node.addPod(), {
    labels,
    conf,
    wire: { podDevice: "eth1", mtu: 1300 },
  });
  // 002-34 the addresses are where the runtime reads them for network-status.
  expect(JSON.parse(succeeded(await made.call("ADD")))).toEqual(made.wire.prevResult);
  return made;
};

const put = (policy: string | undefined): void => {
  const path = node.path(`${policyDir}/nqos.yaml`);
  if (policy === undefined) rmSync(path);
  else writeFileSync(path, policy);
};

/** As the runtime does, once more: ADD is what looks into policyDir. */
const addAll = async (): Promise<void> => {
  for (const each of pods) succeeded(await each.call("ADD"));
};

/** For as long as `body` takes another policy, or none, counts. */
const under = async <Value>(policy: string | undefined, body: () => Promise<Value>): Promise<Value> => {
  put(policy);
  await addAll();
  try {
    return await body();
  } finally {
    put(NQOS);
    await addAll();
  }
};

const rate = async (load: Omit<Load, "seconds">, seconds: number): Promise<number> =>
  (await measure({ ...load, seconds, congestion: "cubic" })).bitsPerSecond / 1e6;

/** "iperf3 -c server -R" from pod1: who sends is the server. */
const reverse = (server: 0 | 2): Omit<Load, "seconds"> => ({
  from: pods[1].pod,
  to: pods[server].pod,
  address: pods[server].wire.pod4,
  reverse: true,
});

/** Of what is free. A limit of 20 Mbit/s leaves a hundredth. */
const UNLIMITED = 0.9;

/** What the policy leaves of what the same two reach without any: in turn and the best of each, for the machine is shared. */
const shareOfFree = async (load: Omit<Load, "seconds">): Promise<number> => {
  const [free, ruled]: [number[], number[]] = [[], []];
  // More than a node's link has; all that a machine can do would be a measurement of its other tenants.
  const bounded = { ...load, bitrate: "4G" };
  let share = 0;
  for (let round = 0; round < 3 && share < UNLIMITED; round += 1) {
    free.push(await under(undefined, () => rate(bounded, 1)));
    ruled.push(await rate(bounded, 1));
    share = Math.max(...ruled) / Math.max(...free);
  }
  return share;
};

describe("4.2 of the guide", () => {
  it("002-27 pod1 to pod0 is unlimited, above 90 % of free: who sends is pod0, which has no label", () =>
    twice("pod0 sends", async () => within("of free", await shareOfFree(reverse(0)), UNLIMITED, 2)));

  it("002-16 002-27 pod1 to pod2 is limited to about 20 Mbit/s: who sends is pod2", () =>
    twice("pod2 sends", async () => within("Mbit/s", await rate(reverse(2), 4), 12, 21)));

  it("002-15 002-16 with the burst left out of the manifest it keeps more of the 20 Mbit/s", () =>
    under(defaultBurst, () =>
      twice("pod2 sends", async () => within("Mbit/s", await rate(reverse(2), 4), 17, 21)),
    ));

  it("002-27 without -R it is pod1 that sends, and it is limited towards pod0 too", () => {
    const load = { from: pods[1].pod, to: pods[0].pod, address: pods[0].wire.pod4 };
    return twice("pod1 sends", async () => within("Mbit/s", await rate(load, 4), 12, 21));
  });

  it("002-19 002-22 to an excepted network there is neither limit, above 90 % of free, nor mark", async () => {
    expect(await tos(1, "172.16.5.5")).toEqual([0]);
    const load = { from: pods[1].pod, to: node, address: "172.16.5.5" };
    await twice("pod1 to the exception", async () =>
      within("of free", await shareOfFree(load), UNLIMITED, 2),
    );
  });
});

/** The distinct bytes of DSCP and ECN of what pods send that is ICMP, as it leaves them. */
const tos = async (from: 0 | 1 | 2, address: string): Promise<readonly number[]> => {
  const { pod: sender, wire } = pods[from];
  const seen = await captured(
    node,
    { ns: node, device: wire.hostDevice, filter: "icmp[icmptype] == 8" },
    async () => {
      await sender.exec("ping", ["-c", "3", "-i", "0.2", address]);
    },
  );
  expect(seen.length).toBe(3);
  return [...new Set(seen.map((packet) => packet.tos))];
};

/** The same of the answers, where they leave the pod that was asked. */
const replyTos = async (from: 0 | 1 | 2, to: 0 | 1 | 2): Promise<readonly number[]> => {
  const at = { ns: node, device: pods[to].wire.hostDevice, filter: "icmp[icmptype] == 0" };
  const seen = await captured(node, at, async () => {
    await pods[from].pod.exec("ping", ["-c", "3", "-i", "0.2", pods[to].wire.pod4]);
  });
  expect(seen.length).toBe(3);
  return [...new Set(seen.map((packet) => packet.tos))];
};

describe("4.3 of the guide", () => {
  it("002-28 002-29 002-31 pod0 asks pod2 with tos 0, and is answered with 0x50", async () => {
    expect(await tos(0, pods[2].wire.pod4)).toEqual([0]);
    expect(await replyTos(0, 2)).toEqual([0x50]);
  });

  it("002-30 between pod1 and pod2 it is 0x50 both ways", async () => {
    expect(await tos(1, pods[2].wire.pod4)).toEqual([0x50]);
    expect(await replyTos(1, 2)).toEqual([0x50]);
  });
});
