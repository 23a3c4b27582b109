/** What a sender below every limit meets while ADD is repeated with other wishes. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { figure } from "../lab/measure/figures.ts";
import { hasFeature } from "../lab/node/needs.ts";
import type { LabNode } from "../lab/node/node.ts";
import { podWith, type RuledPod, type Wishes } from "../lab/plugin/ruled-pod.ts";
import { measure } from "../lab/traffic/traffic.ts";
import { rules, warmNode } from "../lab/plugin/warm-node.ts";

let node: LabNode;
beforeAll(async () => {
  node = await warmNode();
});
afterAll(() => node[Symbol.asyncDispose]());

const caps = (rate: string, more: object = {}) => ({
  conf: { defaults: { ingressBandwidth: rate, egressBandwidth: rate, dscp: "EF" }, ...more },
});

const limited = {
  egress: [{ dscp: 20, bandwidth: { rate: 8000 }, classifier: { ports: [{ protocol: "TCP", port: 443 }] } }],
};

/** 1000 packets a second to the node for 7 s while ten changes are made: how many did not arrive. */
const lostWhile = async (
  { pod, wire }: RuledPod,
  change: (time: number) => Promise<unknown>,
): Promise<number> => {
  const load = measure({
    from: pod,
    to: node,
    address: wire.node4,
    seconds: 7,
    udp: true,
    bitrate: "800k",
    segment: 100,
  });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (let time = 1; time <= 10; time += 1) {
    await change(time);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return (await load).lostPackets;
};

/** What arrives at the node with that DSCP, in packets. */
const countOf = async ({ wire }: RuledPod, dscp: number): Promise<number> => {
  const { stdout } = await node.exec("iptables", ["-t", "mangle", "-nvxL", "PREROUTING"]);
  const line = stdout
    .split("\n")
    .find((row) => row.includes(` ${wire.hostDevice} `) && row.includes(hex(dscp)));
  return Number(line?.trim().split(/\s+/)[0]);
};

const hex = (dscp: number): string => `DSCP match 0x${dscp.toString(16).padStart(2, "0")}`;

/**
 * A root qdisc made and taken away by tc alone, while an ADD changes nothing: the kernel drops what a device is given to send
 * until no processor uses the old root any more, and busy ones take longer.
 */
const exchangeRoot = async (pod: RuledPod, wishes: Wishes, time: number): Promise<void> => {
  const verb = time % 2 === 1 ? "add" : "del";
  const root = ["qdisc", verb, "dev", pod.wire.podDevice, "root", "handle", "77:", "htb"];
  const added = pod.call("ADD", wishes);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await pod.pod.exec("tc", root);
  succeeded(await added);
};

test.each([
  ["rates", [caps("20M"), caps("30M")]],
  ...(hasFeature("act_police")
    ? []
    : [["discipline", [caps("20M"), caps("20M", { discipline: "police" })]] as const]),
] as const)("a sender below every limit loses nothing through ten changes of %s", async (_, wishes) => {
  const pod = await podWith(node, wishes[0]);
  const lost = await lostWhile(pod, async (time) => succeeded(await pod.call("ADD", wishes[time % 2])));
  figure("lost of 7000", lost, { atMost: 0 });
  succeededSilently(await pod.call("CHECK", wishes[0]));
  await pod.end();
});

const MORE = 20;

const isAsFew = (lost: readonly number[], plain: readonly number[]): boolean =>
  lost.length > 0 && Math.min(...lost) - Math.max(...plain) <= MORE;

/** The first and the last limit in the pod make and take away the root of its link. */
test.each([
  ["place", [caps("20M"), caps("20M", { enforce: "pod" })]],
  ["limits of rules", [caps("20M"), caps("20M", limited)]],
] as const)(
  "a sender below every limit loses through ten changes of %s what it loses while tc alone exchanges a root ten times",
  async (_, wishes) => {
    const pod = await podWith(node, wishes[0]);
    const change = async (time: number) => succeeded(await pod.call("ADD", wishes[time % 2]));
    const lost: number[] = [];
    const plain: number[] = [];
    // The second is for a machine that others load.
    for (let round = 0; round < 2 && !isAsFew(lost, plain); round += 1) {
      plain.push(await lostWhile(pod, (time) => exchangeRoot(pod, wishes[0], time)));
      lost.push(await lostWhile(pod, change));
    }
    console.log(`lost of 7000: ${lost.join(", ")}; by tc alone ${plain.join(", ")}`);
    figure("lost of 7000 beside tc alone", Math.min(...lost) - Math.max(...plain), { atMost: MORE });
    succeededSilently(await pod.call("CHECK", wishes[0]));
    await pod.end();
  },
);

test("no packet goes without a mark through ten changes of marks and rules", async () => {
  const wishes = [
    { conf: { defaults: { dscp: "EF" } } },
    { conf: { egress: rules, defaults: { dscp: "CS1" } } },
  ] as const;
  const pod = await podWith(node, wishes[0]);
  for (const dscp of [0, 46, 20]) {
    const match = ["-i", pod.wire.hostDevice, "-p", "udp", "-m", "dscp", "--dscp", `${dscp}`];
    await node.exec("iptables", ["-t", "mangle", "-A", "PREROUTING", ...match]);
  }
  await lostWhile(pod, async (time) => succeeded(await pod.call("ADD", wishes[time % 2])));
  const [none, before, after] = [await countOf(pod, 0), await countOf(pod, 46), await countOf(pod, 20)];
  console.log(`without a mark ${none}, with the first ${before}, with the second ${after}`);
  figure("packets without a mark", none, { atMost: 0 });
  expect(Math.min(before, after)).toBeGreaterThan(500);
  await node.exec("iptables", ["-t", "mangle", "-F", "PREROUTING"]);
  await pod.end();
});

test("a sender above its cap is held to it through ten changes of place", async () => {
  const wishes = [caps("20M"), caps("20M", { enforce: "pod" })] as const;
  const pod = await podWith(node, wishes[0]);
  const load = measure({
    from: pod.pod,
    to: node,
    address: pod.wire.node4,
    seconds: 8,
    udp: true,
    bitrate: "80M",
  });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (let time = 1; time <= 10; time += 1) {
    succeeded(await pod.call("ADD", wishes[time % 2]));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { bitsPerSecond } = await load;
  figure("of the cap", bitsPerSecond / 20e6, { atLeast: 0.85, atMost: 1.03 });
  await pod.end();
});
