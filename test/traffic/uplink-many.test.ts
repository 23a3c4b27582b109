/** Many ADDs at once on a bare uplink, and confs that change under traffic. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { suite } from "../lab/node/needs.ts";
import { measure } from "../lab/traffic/traffic.ts";
import {
  addedUplinkPod,
  bulkLabel,
  membersOf,
  openUplinkSite,
  uplink200,
  uplinkPod,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

suite("an uplink that many use", { plugin: true, tools: ["ipset", "iperf3"] }, () => {
  let site: UplinkSite;
  beforeEach(async () => {
    site = await openUplinkSite();
  });
  afterEach(() => site.node[Symbol.asyncDispose]());

  const count = async (command: string, pattern: RegExp): Promise<number> =>
    [...(await site.sh(command)).matchAll(pattern)].length;

  /** Datagrams of the user's streams that came to the uplink. */
  const offeredBy = async (tool: string): Promise<number> =>
    Number(
      /^ *(\d+) +\d+ .* eth0 /m.exec(await site.sh(`${tool} -t mangle -nvxL POSTROUTING | grep dpts`))?.[1],
    );

  test("60 ADDs from 16 processes on a bare link make one root, one class each, one rule each, 60 members", async () => {
    const pods: UplinkPod[] = [];
    for (let at = 0; at < 60; at += 1) pods.push(await uplinkPod(site, { labels: bulkLabel }));
    const waiting = [...pods];
    const failures: string[] = [];
    const work = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const { exitCode, stdout } = await next.call("ADD");
        if (exitCode !== 0) failures.push(stdout);
      }
    };
    await Promise.all(Array.from({ length: 16 }, work));
    expect(failures).toEqual([]);
    expect(await count("tc qdisc show dev eth0", /^qdisc htb 1: root/gm)).toBe(1);
    expect(await count("tc class show dev eth0", /^class htb /gm)).toBe(3);
    for (const save of ["iptables-save -t mangle", "ip6tables-save -t mangle"]) {
      expect(await count(save, /^-A PREROUTING /gm)).toBe(1);
      expect(await count(save, /^-A POSTROUTING /gm)).toBe(1);
      expect(await count(save, /^-A POD-QOS-UP-eth0 /gm)).toBe(2);
    }
    expect(await membersOf(site.node, "bulkseed-pods")).toEqual(pods.map(({ wire }) => wire.pod4).toSorted());
    expect(await membersOf(site.node, "bulkseed-pods-v6")).toHaveLength(60);
  }, 900_000);

  test("a changed conf takes effect with the next ADD and costs an untouched class no packet", async () => {
    const user = await addedUplinkPod(site);
    const bulk = await addedUplinkPod(site, { labels: bulkLabel });
    const { default: first, "bulk-seed": bulkSeed } = uplink200.classes;
    const confs = [
      { ...uplink200, classes: { default: first, "bulk-seed": { ...bulkSeed, rate: "20M", ceil: "100M" } } },
      {
        ...uplink200,
        classes: { default: first, "bulk-seed": { ...bulkSeed, rate: "20M" }, extra: { rate: "10M" } },
      },
      { ...uplink200, classes: { default: first, other: { rate: "30M" } } },
      uplink200,
    ];
    for (const tool of ["iptables", "ip6tables"])
      await site.sh(`${tool} -t mangle -A POSTROUTING -p udp --dport 6001:6002 -o eth0`);
    const stream = { to: site.server, seconds: 6, udp: true, segment: 1200 };
    // So slow that a receiver that gets no processor for a tenth of a second has room for what comes.
    const slow = { ...stream, from: user.pod, bitrate: "8M" };
    const flows = [
      measure({ ...slow, address: site.server4, port: 6001 }),
      measure({ ...slow, address: site.server6, port: 6002 }),
    ];
    const crowd = measure({ ...stream, from: bulk.pod, address: site.server4, bitrate: "40M" });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const trees: string[] = [];
    for (const uplink of confs) {
      const labels = "other" in uplink.classes ? {} : bulkLabel;
      const { exitCode, stdout } = await bulk.call("ADD", { uplink, args: { cni: { labels } } });
      expect([exitCode, stdout]).toMatchObject([0, expect.anything()]);
      trees.push(await site.sh("tc class show dev eth0 | sort"));
    }
    const lost = (await Promise.all(flows)).map(({ lostPackets }) => lostPackets);
    await crowd;
    const offered = await Promise.all([offeredBy("iptables"), offeredBy("ip6tables")]);
    const [, sent, dropped] =
      /^class htb 1:10 .*\n Sent \d+ bytes (\d+) pkt \(dropped (\d+),/m.exec(
        await site.sh("tc -s class show dev eth0"),
      ) ?? [];
    expect(lost).toEqual([0, 0]);
    // An emulated machine sends fewer than the five thousand of each family that this one does.
    expect(Math.min(...offered)).toBeGreaterThan(500);
    expect(Number(sent)).toBeGreaterThanOrEqual(offered[0] + offered[1]);
    expect(dropped).toBe("0");
    expect(trees[0]).toMatch(/1:20 .* rate 20Mbit ceil 100Mbit/);
    expect(trees[1]).toMatch(/1:30 .* rate 10Mbit ceil 200Mbit/);
    expect(trees[2]).not.toContain("1:30");
    expect(trees[2]).toMatch(/1:20 .* rate 30Mbit/);
    expect(trees[3]).toMatch(/1:20 .* rate 50Mbit ceil 200Mbit/);
    // The sets of classes that are no more went with them.
    expect(await site.sh("ipset list -name")).toBe("bulkseed-pods\nbulkseed-pods-v6");
    for (const { call } of [user, bulk]) expect((await call("CHECK")).stdout).toBe("");
  });
});
