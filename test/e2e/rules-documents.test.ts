/** The objects of the documents 001 and 003 as files in policyDir, and their marks as they arrive. */
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { succeeded } from "../lab/answers.ts";
import { captured } from "../lab/capture.ts";
import { createNode, type LabNode } from "../lab/node.ts";
import { sendAndSee, type Packet } from "../lab/packets.ts";
import { measure } from "../lab/traffic.ts";
import { twice, within } from "../lab/twice.ts";
import { nodeEnd, podWith, ruledPod, type RuledPod, type Wishes } from "../lab/ruled-pod.ts";

const policyDir = "/etc/cni/pod-qos";

let node: LabNode;
beforeEach(async () => {
  node = await createNode();
  await node.exec("mkdir", ["-p", policyDir]);
});
afterEach(() => node[Symbol.asyncDispose]());

const put = (name: string, ...lines: readonly string[]): void =>
  writeFileSync(node.path(`${policyDir}/${name}.yaml`), `${lines.join("\n")}\n`);

const egressQos = (rules: readonly string[], name = "default", namespace = "default"): readonly string[] => [
  "kind: EgressQoS",
  "apiVersion: k8s.ovn.org/v1",
  "metadata:",
  `  name: ${name}`,
  `  namespace: ${namespace}`,
  "spec:",
  "  egress:",
  ...rules.map((rule) => `  - ${rule}`),
];

const labelled = (labels: Readonly<Record<string, string>>, more: Wishes = {}): Wishes => ({
  labels,
  ...more,
  conf: { policyDir, ...more.conf },
});

const udp = (destination: string): Packet => ({ destination, protocol: "UDP", port: 9 });

const marksOf = async (
  { pod, wire }: RuledPod,
  ...to: readonly string[]
): Promise<readonly (number | undefined)[]> =>
  (await sendAndSee(node, pod, nodeEnd(node, wire), to.map(udp))).map((tos) =>
    tos === undefined ? tos : tos >> 2,
  );

/** The marks of a fresh pod's packets. */
const marks = async (wishes: Wishes, ...to: readonly string[]): Promise<readonly (number | undefined)[]> => {
  const pod = await podWith(node, wishes);
  const seen = await marksOf(pod, ...to);
  await pod.end();
  return seen;
};

describe("the EgressQoS of 001", () => {
  it("001-1 001-9 001-10 003-7 marks the Critical pod's traffic to 1.2.3.4 with 46, all else with 30", async () => {
    put(
      "default",
      ...egressQos([
        "{dscp: 46, dstCIDR: 1.2.3.4/32, podSelector: {matchLabels: {priority: Critical}}}",
        "{dscp: 30, dstCIDR: 0.0.0.0/0}",
      ]),
    );
    const to = ["1.2.3.4", "1.2.3.5", "2001:db8:ffff::7"];
    expect(await marks(labelled({ priority: "Critical" }), ...to)).toEqual([46, 30, 0]);
    expect(await marks(labelled({ priority: "Low" }), ...to)).toEqual([30, 30, 0]);
    expect(await marks(labelled({}), ...to)).toEqual([30, 30, 0]);
    expect(await marks(labelled({}, { namespace: "other" }), ...to)).toEqual([0, 0, 0]);
  });

  it("001-12 001-13 with an IPv6 CIDR gives traffic class 192", async () => {
    put("default", ...egressQos(["{dscp: 48, dstCIDR: '2001:0db8:85a3:0000:0000:8a2e:0370:7330/124'}"]));
    expect(await marks(labelled({}), "2001:db8:85a3::8a2e:370:7334", "2001:db8:85a3::8a2e:370:7340")).toEqual(
      [48, 0],
    );
  });

  it("001-18 leaves alone what the pod receives", async () => {
    put("default", ...egressQos(["{dscp: 30}"]));
    const pod = await podWith(node, labelled({}));
    const arriving = await captured(
      node,
      { ns: pod.pod, device: "eth0", filter: "icmp[icmptype] == 8" },
      async () => {
        await node.exec("ping", ["-c", "2", "-i", "0.2", pod.wire.pod4]);
      },
    );
    expect(arriving.map(({ tos }) => tos)).toEqual([0, 0]);
    expect(await marksOf(pod, "192.0.2.7")).toEqual([30]);
    await pod.end();
  });

  it("001-19 does not interfere with bandwidth annotations: both caps hold, full and no more, beside the mark", async () => {
    put("default", ...egressQos(["{dscp: 30}"]));
    const annotations = { "kubernetes.io/egress-bandwidth": "10M", "kubernetes.io/ingress-bandwidth": "20M" };
    const pod = await podWith(node, labelled({}, { annotations }));
    await twice("caps beside a mark", async () => {
      const load = { from: pod.pod, to: node, address: pod.wire.node4, seconds: 4, congestion: "cubic" };
      const out = (await measure(load)).bitsPerSecond;
      const back = (await measure({ ...load, reverse: true })).bitsPerSecond;
      return [...within("egress", out / 10e6, 0.85, 1.05), ...within("ingress", back / 20e6, 0.85, 1.05)];
    });
    expect(await marksOf(pod, "192.0.2.7")).toEqual([30]);
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
    put("default", ...egressQos(three));
    expect(await marks(labelled({ app: "example" }), ...to)).toEqual([30, 42, 42]);
    expect(await marks(labelled({}), ...to)).toEqual([30, 28, 28]);
  });

  it("003-3 reversed marks everything with 28", async () => {
    put("default", ...egressQos(three.toReversed()));
    expect(await marks(labelled({ app: "example" }), ...to)).toEqual([28, 28, 28]);
    expect(await marks(labelled({}), ...to)).toEqual([28, 28, 28]);
  });

  it("003-1 counts only under the name default", async () => {
    put("other", ...egressQos(["{dscp: 50}"], "other"));
    const pod = await ruledPod(node, await node.addPod(), labelled({ app: "example" }));
    expect((await pod.call("ADD")).exitCode).toBe(0);
    expect(await marksOf(pod, ...to)).toEqual([0, 0, 0]);
    await pod.end();
  });

  it("003-11 003-12 updated, its new rules count and its old ones are gone, at the pod's next ADD", async () => {
    put("default", ...egressQos(three));
    const pod = await podWith(node, labelled({ app: "updated-example" }));
    expect(await marksOf(pod, ...to)).toEqual([30, 28, 28]);
    put(
      "default",
      ...egressQos(["{dscp: 48, podSelector: {matchLabels: {app: updated-example}}}", "{dscp: 28}"]),
    );
    succeeded(await pod.call("ADD"));
    expect(await marksOf(pod, ...to)).toEqual([48, 48, 48]);
    expect(await marks(labelled({ app: "not-the-example" }), ...to)).toEqual([28, 28, 28]);
    await pod.end();
  });

  it("003-10 a pod whose label changed away loses its mark, at its next ADD", async () => {
    put("default", ...egressQos(three));
    const pod = await podWith(node, labelled({ app: "example" }));
    expect(await marksOf(pod, "192.0.2.7")).toEqual([42]);
    succeeded(await pod.call("ADD", labelled({ app: "not-the-example" })));
    expect(await marksOf(pod, "192.0.2.7")).toEqual([28]);
    await pod.end();
  });

  it("003-14 003-16 001-17 without an object there are no rules, also after there was one", async () => {
    put("default", ...egressQos(three));
    const pod = await podWith(node, labelled({}));
    // 003-16 an EgressQoS marks, and limits nothing.
    expect((await pod.pod.exec("tc", ["qdisc", "show", "dev", "eth0"])).stdout).not.toContain("htb");
    await node.exec("rm", [`${policyDir}/default.yaml`]);
    succeeded(await pod.call("ADD"));
    expect(await marksOf(pod, ...to)).toEqual([0, 0, 0]);
    expect((await pod.pod.exec("iptables-save", ["-t", "mangle"])).stdout).not.toContain("POD-QOS");
    await pod.end();
  });
});
