/** What takes a stock kernel, with act_police and fq_codel: nothing on the node but the veth's own queues, and short ones. */
import { existsSync, readdirSync } from "node:fs";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findShapers, headerFactor } from "../lab/traffic/cap-reading.ts";
import type { CapRow } from "../lab/traffic/cap-rows.ts";
import { podForRow } from "../lab/plugin/capped-pod.ts";
import { suite } from "../lab/node/needs.ts";
import { createNode, type LabNode } from "../lab/node/node.ts";
import { bandwidthPluginPod } from "../lab/plugin/bandwidth-peer.ts";
import { percentile } from "../lab/node/counters.ts";
import { pingBeside } from "../lab/traffic/ping-beside.ts";
import { measure } from "../lab/traffic/traffic.ts";
import { twice, within } from "../lab/measure/twice.ts";

const CAP = 20e6;
const row: CapRow = {
  cap: "20M",
  direction: "egress",
  enforce: "host",
  family: "v4",
  discipline: "shape",
  mtu: 1500,
};
const stock = { plugin: true, features: ["act_police", "matchall", "fq_codel", "ifb"] as const };

let node: LabNode;
beforeAll(async () => {
  node = await createNode();
});
afterAll(() => node[Symbol.asyncDispose]());

suite("on a stock kernel a capped pod on a veth", stock, () => {
  test.each(["shape", "police"] as const)(
    "adds nothing to the node but queues and filters on its own veth: %s",
    async (discipline) => {
      await unloadIfb();
      const loaded = existsSync("/sys/module/ifb");
      for (const direction of ["egress", "ingress"] as const) {
        const pod = await podForRow(node, { ...row, direction, discipline });
        const before = kernelLines(await node.dump());
        await pod.cap();
        const added = kernelLines(await node.dump()).filter((line) => !before.includes(line));
        expect(added.length).toBeGreaterThan(0);
        expect(added.filter((line) => !line.includes(pod.wire.hostDevice))).toEqual([]);
        await pod.end();
      }
      expect(existsSync("/sys/module/ifb")).toBe(loaded);
    },
  );

  test("brings no ifb0 and ifb1 either where an ifb it must be", async () => {
    await unloadIfb();
    const pod = await podForRow(node, { ...row, direction: "ingress", enforce: "pod" });
    const before = readdirSync("/sys/class/net");
    await pod.cap();
    expect(existsSync("/sys/module/ifb")).toBe(true);
    expect(readdirSync("/sys/class/net")).toEqual(before);
    await pod.end();
  });

  test("that has NET_ADMIN and deletes its own queue is still held within a tenth of its cap", async () => {
    const pod = await podForRow(node, row);
    await pod.cap();
    expect((await findShapers(pod.pod)).length).toBe(1);
    await pod.pod.exec("tc", ["qdisc", "del", "dev", "eth0", "root"]);
    expect(await findShapers(pod.pod)).toEqual([]);
    await twice("without its own queue", async () => {
      const tcp = await measure({ ...pod.along, seconds: 7, congestion: "cubic" });
      const udp = await measure({ ...pod.along, seconds: 7, udp: true, bitrate: "40M", segment: 1400 });
      const tcpFactor = headerFactor(1500, pod.along.address) / CAP;
      const udpFactor = (1400 + 42) / 1400 / CAP;
      return [
        ...within("TCP on the wire", mean(steady(tcp.perSecond)) * tcpFactor, 0.5, 1.1),
        ...within("UDP on the wire", mean(steady(udp.perSecond)) * udpFactor, 0, 1.1),
        ...within("UDP in a usual second", median(steady(udp.perSecond)) * udpFactor, 0.9, 1.1),
      ];
    });
    await pod.end();
  });
});

suite(
  "ping beside a saturated 20M flow on a stock kernel",
  { ...stock, peers: ["bandwidth"], tools: ["iperf3", "ping"] },
  () => {
    test.each(["egress", "ingress"] as const)(
      "%s: p99 is at most a fifth of what the CNI bandwidth plugin gives",
      async (direction) => {
        await twice(direction, async () => {
          const ours = await podForRow(node, { ...row, direction });
          await ours.cap();
          const mine = await pingBeside(ours);
          await ours.end();
          const peer = await bandwidthPluginPod(node, { ...row, direction });
          const theirs = await pingBeside(peer);
          await peer.end();
          console.log(
            `${direction}: p50/p99 ${mine.p50}/${mine.p99} ms, the bandwidth plugin ${theirs.p50}/${theirs.p99} ms`,
          );
          return within("p99, as a part of the bandwidth plugin's", mine.p99 / theirs.p99, 0, 0.2);
        });
      },
    );
  },
);

suite("police on a stock kernel", { ...stock, tools: ["iperf3", "ping"] }, () => {
  test.each(["egress", "ingress"] as const)("adds no delay: %s", async (direction) => {
    await twice(direction, async () => {
      const pod = await podForRow(node, { ...row, direction, discipline: "police" });
      // The same load without a cap, so that only what the policer does makes a difference.
      const free = await pingBeside(pod, "19M");
      await pod.cap();
      const policed = await pingBeside(pod);
      await pod.end();
      console.log(
        `${direction}: p50 ${policed.p50} ms beside a policed flow, ${free.p50} ms beside a free one`,
      );
      return within("p50, as a part of the uncapped one's", policed.p50 / free.p50, 0, 2);
    });
  });
});

/** From the second second on: the guard's bucket is 200 ms of rate. */
const steady = (perSecond: readonly number[]): readonly number[] => perSecond.slice(1, 6);

const mean = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length;

/** A machine that stalls for longer loses what the bucket then cannot hold, in that second. */
const median = (values: readonly number[]): number =>
  percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );

/** Only in the VM: on a machine of somebody's it would take their ifbs along. */
const unloadIfb = async (): Promise<void> => {
  if (process.env["POD_QOS_VM"] === "1") await execa("rmmod", ["ifb"], { reject: false });
};

/** Links, queues and filters, a line each; the record of the pod is in a file. */
const kernelLines = (dump: string): readonly string[] => dump.slice(0, dump.indexOf("## files")).split("\n");
