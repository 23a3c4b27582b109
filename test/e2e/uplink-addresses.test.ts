/** Addresses of prevResult that no packet can have, or that are written in another way than the kernel's tools do. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { recordNames } from "../lab/node/exact-state.ts";
import { suite } from "../lab/node/needs.ts";
import { callPlugin } from "../lab/plugin/plugin.ts";
import { addedUplinkPod, bulkLabel, membersOf, openUplinkSite, uplinkPod } from "../lab/uplink/uplink.ts";
import type { UplinkPod, UplinkSite } from "../lab/uplink/uplink.ts";

const bulk = { labels: bulkLabel } as const;

const saying = ({ wire: { prevResult } }: UplinkPod, ...addresses: readonly unknown[]): object => {
  const [first] = (prevResult as { ips: readonly { interface: number }[] }).ips;
  const ips = addresses.map((address) => ({ interface: first?.interface, address }));
  return { prevResult: { ...prevResult, ips, cniVersion: "1.1.0" } };
};

suite("an uplink and a pod whose prevResult says", { plugin: true, tools: ["ipset"] }, () => {
  let site: UplinkSite;
  beforeEach(async () => {
    site = await openUplinkSite();
  });
  afterEach(() => site.node[Symbol.asyncDispose]());

  const everyMember = async (): Promise<readonly string[]> =>
    (await Promise.all(["bulkseed-pods", "bulkseed-pods-v6"].map((set) => membersOf(site.node, set)))).flat();
  /** Every live pod's members are put into sets that are made anew. */
  const expectNeighboursWell = async (running: UplinkPod): Promise<void> => {
    await site.sh("iptables -t mangle -F; ip6tables -t mangle -F");
    const next = await addedUplinkPod(site, bulk);
    expect((await everyMember()).toSorted()).toEqual(
      [running, next].flatMap(({ wire }) => [wire.pod4, wire.pod6]).toSorted(),
    );
    for (const { call } of [running, next]) succeededSilently(await call("CHECK"));
  };

  describe.each([
    ["0.0.0.0/0", '"0.0.0.0"'],
    ["::/0", '"::"'],
    ["192.0.2.300/24", '"192.0.2.300"'],
    [5, '"5"'],
  ])("%s", (address, named) => {
    test("cannot be in a class that knows its pods by address, and leaves nothing", async () => {
      const running = await addedUplinkPod(site, bulk);
      const pod = await uplinkPod(site, bulk);
      const changes = saying(pod, `${pod.wire.pod4}/24`, address);
      failed(await pod.call("ADD", changes), 7, [`prevResult.ips: ${named} of eth0`, "class bulk-seed"]);
      expect(recordNames(site.node)).toHaveLength(1);
      succeededSilently(await pod.call("DEL", changes));
      await expectNeighboursWell(running);
    });

    test("is in the default class all the same, and its log says so", async () => {
      const running = await addedUplinkPod(site, bulk);
      const pod = await uplinkPod(site);
      const changes = saying(pod, `${pod.wire.pod4}/24`, address);
      const added = await pod.call("ADD", changes);
      expect(added).toMatchObject({ exitCode: 0 });
      expect(added.stderr).toContain(`prevResult.ips: ${named} of eth0`);
      expect((await pod.call("CHECK", changes)).exitCode).toBe(0);
      await expectNeighboursWell(running);
      succeededSilently(await pod.call("DEL", changes));
      expect(recordNames(site.node)).toHaveLength(2);
    });
  });

  test("an IPv4 address as IPv6 is in its class by the IPv4 address", async () => {
    const pod = await uplinkPod(site, bulk);
    const changes = saying(pod, `::ffff:${pod.wire.pod4}/120`);
    succeeded(await pod.call("ADD", changes));
    expect(await everyMember()).toEqual([pod.wire.pod4]);
    succeededSilently(await pod.call("CHECK", changes));
    succeededSilently(await pod.call("DEL", changes));
    expect(await everyMember()).toEqual([]);
  });

  describe.each(["DEL", "GC"] as const)("in a record of a former build: %s", (verb) => {
    test.each(["bulk-seed", "default"])(
      "0.0.0.0 and :: of class %s are undone, and hurt nobody",
      async (of) => {
        const running = await addedUplinkPod(site, bulk);
        const pod = await addedUplinkPod(site, of === "default" ? {} : bulk);
        const path = site.node.path(`/run/pod-qos/attachments/podnet/${pod.pod.containerId}@eth0.json`);
        const text = readFileSync(path, "utf8").replaceAll(pod.wire.pod4, "0.0.0.0");
        writeFileSync(path, text.replaceAll(pod.wire.pod6, "::"));
        await site.sh(
          `ipset -exist del bulkseed-pods ${pod.wire.pod4}; ipset -exist del bulkseed-pods-v6 ${pod.wire.pod6}`,
        );
        await expectNeighboursWell(running);
        if (verb === "DEL") succeededSilently(await pod.call("DEL"));
        else {
          await pod.pod.remove();
          const conf = { ...pod.conf, prevResult: undefined, runtimeConfig: undefined };
          succeededSilently(await callPlugin(site.node, { command: "GC", conf }));
        }
        expect(recordNames(site.node)).toHaveLength(2);
      },
    );
  });
});
