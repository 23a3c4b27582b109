/** The guide of 002, its NAD and its policy as files in policyDir, its three pods, what it measures and what it captures. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { succeeded } from "../lab/answers.ts";
import { captured } from "../lab/capture.ts";
import { createNode, type LabNode } from "../lab/node.ts";
import { ruledPod, type RuledPod } from "../lab/ruled-pod.ts";
import { measure, type Load } from "../lab/traffic.ts";
import { twice, within } from "../lab/twice.ts";

const policyDir = "/etc/cni/pod-qos";

const NAD = `
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata:
  name: ovn-stream
  namespace: default
  labels:                   # label needed for NetworkQoS selector
    nad-type: ovn-kubernetes-nqos
spec:
  config: |2
    {
            "cniVersion": "1.0.0",
            "name": "ovn-stream",
            "type": "ovn-k8s-cni-overlay",
            "topology": "layer3",
            "subnets": "10.245.0.0/16/24",
            "mtu": 1300,
            "master": "eth1",
            "netAttachDefName": "default/ovn-stream"
    }
`;

const NQOS = `
apiVersion: k8s.ovn.org/v1alpha1
kind: NetworkQoS
metadata:
  name: qos-external
  namespace: default
spec:
  networkSelectors:
  - networkSelectionType: NetworkAttachmentDefinitions
    networkAttachmentDefinitionSelector:
      namespaceSelector: {}  # any namespace
      networkSelector:
        matchLabels:
          nad-type: ovn-kubernetes-nqos
  podSelector:
    matchLabels:
      nqos-app: bw-limited
  priority: 10              # higher value wins in a tie-break
  egress:
  - dscp: 20
    bandwidth:
      burst: 100            # kilobits
      rate: 20000           # kbps
    classifier:
      to:
      - ipBlock:
          cidr: 0.0.0.0/0
          except:
          - 10.11.12.13/32
          - 172.16.0.0/12
          - 192.168.0.0/16
`;

/** The same for others, with the burst that we give where none is asked for. */
const USUAL_BURST = NQOS.replace("qos-external", "usual-burst")
  .replace("nqos-app: bw-limited", "nqos-app: usual-burst")
  .replace(/ +burst: .*\n/, "");

let node: LabNode;
let pods: readonly [RuledPod, RuledPod, RuledPod];
/** One that the plugin was never called for: what it sends is free. */
let bare: RuledPod;
beforeAll(async () => {
  node = await createNode();
  await node.exec("sh", ["-ec", `mkdir -p ${policyDir}; echo 1 >/proc/sys/net/ipv4/ip_forward`]);
  await node.exec("ip", ["address", "add", "172.16.5.5/32", "dev", "lo"]);
  writeFileSync(node.path(`${policyDir}/nad.yaml`), NAD);
  writeFileSync(node.path(`${policyDir}/nqos.yaml`), NQOS);
  writeFileSync(node.path(`${policyDir}/usual-burst.yaml`), USUAL_BURST);
  bare = await ruledPod(node, await node.addPod(), { wire: { podDevice: "eth1", mtu: 1300 } });
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

/** "iperf3 -c server -R" from pod1: who sends is the server. Mbit/s. */
const reverse = async (server: RuledPod, load: Partial<Load> = {}): Promise<number> => {
  const address = server.wire.pod4;
  const usual = { from: pods[1].pod, to: server.pod, address, seconds: 6, congestion: "cubic" } as const;
  return (await measure({ ...usual, reverse: true, ...load })).bitsPerSecond / 1e6;
};

/** More than a node's link has; all that a machine can do would be a measurement of its other tenants. */
const unlimited = { seconds: 3, bitrate: "4G" } as const;

const toExcepted = async ({ pod: from }: RuledPod): Promise<number> => {
  const load = { from, to: node, address: "172.16.5.5", congestion: "cubic", ...unlimited } as const;
  return (await measure(load)).bitsPerSecond / 1e6;
};

/** In turn, so that both meet the same machine; as a part of what is free. */
const partOfFree = async (
  what: string,
  measured: () => Promise<number>,
  free: () => Promise<number>,
): Promise<void> => {
  await twice(what, async () => {
    const rates: number[] = [];
    for (const each of [free, measured, free, measured]) rates.push(await each());
    const [free1 = 0, own1 = 0, free2 = 0, own2 = 0] = rates;
    console.log(`${what}: ${rates.map((rate) => rate.toFixed(0)).join(", ")} Mbit/s, free and own in turn`);
    return within(what, (own1 + own2) / (free1 + free2), 0.9, Infinity);
  });
};

describe("4.2 of the guide", () => {
  it("002-27 pod1 to pod0 is unlimited: who sends is pod0, which has no label", async () => {
    await partOfFree(
      "a pod without the label",
      () => reverse(pods[0], unlimited),
      () => reverse(bare, unlimited),
    );
  });

  it("002-16 with our own burst it is 17 to 21 Mbit/s", async () => {
    const usual = await pod({ "nqos-app": "usual-burst" });
    const rate = await reverse(usual);
    expect(rate).toBeGreaterThan(17);
    expect(rate).toBeLessThan(21);
    await usual.end();
  });

  it("002-16 002-27 pod1 to pod2 is limited to about 20 Mbit/s: who sends is pod2", async () => {
    const rate = await reverse(pods[2]);
    expect(rate).toBeGreaterThan(12);
    expect(rate).toBeLessThan(21);
  });

  it("002-27 without -R it is pod1 that sends, and it is limited towards pod0 too", async () => {
    const load = {
      from: pods[1].pod,
      to: pods[0].pod,
      address: pods[0].wire.pod4,
      seconds: 6,
      congestion: "cubic",
    };
    expect((await measure(load)).bitsPerSecond / 1e6).toBeLessThan(21);
  });

  it("002-19 002-22 to an excepted network there is neither limit nor mark", async () => {
    const seen = await tos(1, "172.16.5.5");
    expect(seen).toEqual([0]);
    await partOfFree(
      "an excepted network",
      () => toExcepted(pods[1]),
      () => toExcepted(bare),
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
