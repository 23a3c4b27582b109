/** What many members of a class and many attachments of a node cost. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { percentile } from "../lab/node/counters.ts";
import { suite } from "../lab/node/needs.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { measure } from "../lab/traffic/traffic.ts";
import { twice, within } from "../lab/measure/twice.ts";
import {
  addedUplinkPod,
  bulkLabel,
  openUplinkSite,
  uplinkPod,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

/** More than this machine moves, so that nothing waits for the rate. */
const uplink = {
  device: "eth0",
  rate: "40G",
  default: "default",
  classes: {
    default: { rate: "10G" },
    "bulk-seed": { rate: "30G", set: "bulkseed-pods", podSelector: { matchLabels: bulkLabel } },
  },
};

const SETS = ["bulkseed-pods", "bulkseed-pods-v6"] as const;

const pretended = (at: number): readonly [string, string] => [
  `10.${at >> 8}.${at & 255}.1`,
  `2001:db8:${(at + 0x1000).toString(16)}::1`,
];
const members = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) =>
    SETS.map((set, family) => `add ${set} ${pretended(at)[family]}\n`).join(""),
  );

suite("an uplink of many pods", { plugin: true, tools: ["ipset", "iperf3"] }, () => {
  let site: UplinkSite;
  let bulk: UplinkPod;
  beforeAll(async () => {
    site = await openUplinkSite();
    bulk = await addedUplinkPod(site, { labels: bulkLabel, uplink });
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  const records = (): string => site.node.path("/run/pod-qos/attachments/podnet");
  const onlyOne = (): string =>
    SETS.map((set, family) => `flush ${set}\nadd ${set} ${[bulk.wire.pod4, bulk.wire.pod6][family]}\n`).join(
      "",
    );
  /** As many live attachments as asked for: the record of the one that is, under other names. */
  const pretend = async (count: number): Promise<void> => {
    const [one = ""] = readdirSync(records());
    const text = readFileSync(`${records()}/${one}`, "utf8");
    for (let at = 0; at < count; at += 1) {
      const [address, address6] = pretended(at);
      const record = text
        .replaceAll(bulk.pod.containerId, `pretended-${at}`)
        .replaceAll(bulk.wire.pod4, address)
        .replaceAll(bulk.wire.pod6, address6);
      writeFileSync(`${records()}/pretended-${at}@eth0.json`, record);
    }
    await site.node.exec("ipset", ["restore", "-exist"], { input: members(count).join("") });
  };
  const forget = async (): Promise<void> => {
    for (const name of readdirSync(records()))
      if (name.startsWith("pretended")) rmSync(`${records()}/${name}`);
    await site.node.exec("ipset", ["restore"], { input: onlyOne() });
  };
  /** What left by the uplink so far. Read without a process, for the moments that are compared are short. */
  const packetsOut = (): number => {
    const table = readFileSync(`/proc/${site.node.holderPid}/net/dev`, "utf8");
    return Number(/^ *eth0:(?: +\d+){9} +(\d+)/m.exec(table)?.[1]);
  };
  /** Packets per second, over so short a time that it often is one without disturbance. */
  const packetRate = async (): Promise<number> => {
    // ipset has just run on one of the two processors and left its own data in the caches.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [before, start] = [packetsOut(), performance.now()];
    await new Promise((resolve) => setTimeout(resolve, 100));
    return ((packetsOut() - before) * 1000) / (performance.now() - start);
  };

  test.each(["server4", "server6"] as const)("1000 members slow no packet down: %s", async (server) => {
    const to = { from: bulk.pod, to: site.server, address: site[server] };
    await twice("small packets with 1 member and with 1000, in turn", async () => {
      // Each packet costs the same whatever is in it.
      const flood = measure({ ...to, seconds: 7, udp: true, bitrate: "0", segment: 64 });
      await new Promise((resolve) => setTimeout(resolve, 700));
      const rates: number[][] = [[], []];
      for (const end = performance.now() + 5500; performance.now() < end;) {
        await site.node.exec("ipset", ["restore"], { input: onlyOne() });
        rates[0]?.push(await packetRate());
        await site.node.exec("ipset", ["restore"], { input: members(1000).join("") });
        rates[1]?.push(await packetRate());
      }
      await flood;
      await forget();
      expect(rates[1]?.length).toBeGreaterThan(3);
      // Not the best: those let go what had been held up before.
      const [one = NaN, thousand = NaN] = rates.map((each) =>
        percentile(
          each.toSorted((x, y) => x - y),
          0.75,
        ),
      );
      return within("1000 members to 1", thousand / one, 0.97, 2);
    });
  });

  test("ADD beside 500 attachments takes at most 1.15 times as long as alone", async () => {
    const empty = await openUplinkSite();
    await using _ = empty.node;
    const pods = await Promise.all([empty, site].map((on) => uplinkPod(on, { labels: bulkLabel, uplink })));
    await pretend(500);
    const times = repetitions(250);
    // In turn, for the machine is shared and its load changes.
    await twice(`${times} ADDs alone and ${times} beside 500`, async () => {
      const took: number[][] = [[], []];
      for (let round = 0; round < times; round += 1) {
        for (const [at, { call }] of pods.entries()) {
          const start = performance.now();
          expect((await call("ADD")).exitCode).toBe(0);
          took[at]?.push(performance.now() - start);
          expect((await call("DEL")).exitCode).toBe(0);
        }
      }
      const [alone = NaN, beside = NaN] = took.map(median);
      return within("500 attachments to none", beside / alone, 0.5, 1.15);
    });
    await forget();
  });
});

const median = (values: readonly number[]): number =>
  percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
