/** What many members of a class and many attachments of a node cost. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { suite } from "../lab/needs.ts";
import { measure } from "../lab/traffic.ts";
import { twice, within } from "../lab/twice.ts";
import {
  addedUplinkPod,
  bulkLabel,
  openUplinkSite,
  uplinkPod,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink.ts";

const uplink = {
  device: "eth0",
  rate: "500M",
  default: "default",
  classes: {
    default: { rate: "100M" },
    "bulk-seed": { rate: "400M", set: "bulkseed-pods", podSelector: { matchLabels: bulkLabel } },
  },
};

suite("an uplink of many pods", { plugin: true, tools: ["ipset", "iperf3"] }, () => {
  let site: UplinkSite;
  let bulk: UplinkPod;
  beforeAll(async () => {
    site = await openUplinkSite();
    bulk = await addedUplinkPod(site, { labels: bulkLabel, uplink });
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  const records = (): string => site.node.path("/run/pod-qos/attachments/podnet");
  /** As many live attachments as asked for: the record of the one that is, under other names. */
  const pretend = async (count: number): Promise<void> => {
    const [one = ""] = readdirSync(records());
    const text = readFileSync(`${records()}/${one}`, "utf8");
    const lines = Array.from({ length: count }, (_, at) => {
      const [address, container] = [`10.${at >> 8}.${at & 255}.1`, `pretended-${at}`];
      const record = text.replaceAll(bulk.pod.containerId, container).replaceAll(bulk.wire.pod4, address);
      mkdirSync(records(), { recursive: true });
      writeFileSync(`${records()}/${container}@eth0.json`, record);
      return `add bulkseed-pods ${address}\n`;
    });
    await site.node.exec("ipset", ["restore", "-exist"], { input: lines.join("") });
  };
  const forget = async (): Promise<void> => {
    for (const name of readdirSync(records()))
      if (name.startsWith("pretended")) rmSync(`${records()}/${name}`);
    await site.node.exec("ipset", ["flush", "bulkseed-pods"]);
    await site.node.exec("ipset", ["add", "bulkseed-pods", bulk.wire.pod4]);
  };

  test("1000 members slow nothing down", async () => {
    const load = { from: bulk.pod, to: site.server, address: site.server4, seconds: 4, congestion: "cubic" };
    await twice("500M with 1 member and with 1000", async () => {
      await forget();
      const one = await measure(load);
      await pretend(1000);
      const thousand = await measure(load);
      await forget();
      return within("1000 members to 1", thousand.bitsPerSecond / one.bitsPerSecond, 0.97, 1.2);
    });
  });

  test("ADD beside 500 attachments takes at most 1.15 times as long as alone", async () => {
    const empty = await openUplinkSite();
    await using _ = empty.node;
    const pods = await Promise.all([empty, site].map((on) => uplinkPod(on, { labels: bulkLabel, uplink })));
    await pretend(500);
    // In turn, for the machine is shared and its load changes.
    await twice("25 ADDs alone and 25 beside 500", async () => {
      const times: number[][] = [[], []];
      for (let round = 0; round < 25; round += 1) {
        for (const [at, { call }] of pods.entries()) {
          const start = performance.now();
          expect((await call("ADD")).exitCode).toBe(0);
          times[at]?.push(performance.now() - start);
          expect((await call("DEL")).exitCode).toBe(0);
        }
      }
      const [alone = NaN, beside = NaN] = times.map((each) => each.toSorted((a, b) => a - b)[12]);
      return within("500 attachments to none", beside / alone, 0.5, 1.15);
    });
    await forget();
  });
});
