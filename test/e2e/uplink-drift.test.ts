/** CHECK finds every object of an uplink that is gone or not as it was made, and ADD mends what CHECK found. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/plugin/answers.ts";
import { stateFiles } from "../lab/node/exact-state.ts";
import { suite } from "../lab/node/needs.ts";
import { paced } from "../lab/traffic/pace.ts";
import { plannedUplink, uplinkDamages } from "../lab/uplink/uplink-damages.ts";
import {
  addedUplinkPod,
  bulkLabel,
  openUplinkSite,
  uplink200,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink/uplink.ts";

const bulkSeed = { ...uplink200.classes["bulk-seed"], dscp: "CS1" };
const uplink = { ...uplink200, classes: { ...uplink200.classes, "bulk-seed": bulkSeed } };

suite("CHECK of an uplink", { plugin: true, tools: ["ipset", "iptables"] }, () => {
  let site: UplinkSite;
  let bulk: UplinkPod;
  let good: readonly string[];
  beforeAll(async () => {
    site = await openUplinkSite();
    bulk = await addedUplinkPod(site, { labels: bulkLabel, uplink });
    good = withoutHandles(await site.node.dump());
  });
  afterAll(() => site.node[Symbol.asyncDispose]());

  const everything = async (): Promise<readonly unknown[]> => [await site.node.dump(), stateFiles(site.node)];
  const isFoundAndMended = async (
    script: string,
    names: readonly string[],
    clear?: string,
  ): Promise<void> => {
    await site.sh(script);
    const before = await everything();
    failed(await bulk.call("CHECK"), 100, names);
    expect(await everything()).toEqual(before);
    if (clear !== undefined) await site.sh(clear);
    succeeded(await bulk.call("ADD"));
    succeededSilently(await bulk.call("CHECK"));
    expect(withoutHandles(await site.node.dump())).toEqual(good);
  };

  test("passes as ADD left it, and writes nothing", async () => {
    const before = await everything();
    succeededSilently(await bulk.call("CHECK"));
    expect(await everything()).toEqual(before);
  });

  const damages = uplinkDamages(plannedUplink(uplink));
  test.each(paced("damages of an uplink", damages, 8))(
    "fails and names it: $title",
    async ({ script, names, clear }) => isFoundAndMended(script, names, clear),
  );

  test.each([
    ["bulkseed-pods", "pod4"],
    ["bulkseed-pods-v6", "pod6"],
  ] as const)("fails and names it: the pod is no member of %s", async (set, of) => {
    const address = bulk.wire[of];
    await isFoundAndMended(`ipset del ${set} ${address}`, [`ipset ${set} lacks ${address}`]);
  });
});

/** An Ethernet frame with an IP packet without a payload, with or without a VLAN tag, from the node's own end of the link. */
const frame = (family: 4 | 6, dscp: number, isTagged: boolean): string => {
  const tag = isTagged ? "81004005" : "";
  const tos = (dscp << 2).toString(16).padStart(2, "0");
  const ip4 = `45${tos}00140000000040fd0000c0000201c0000202`;
  const ip6 = `6${tos}00000000003b40${`fd${"0".repeat(29)}1`.repeat(2)}`;
  const bytes = `ffffffffffff020000000001${tag}${family === 4 ? `0800${ip4}` : `86dd${ip6}`}`;
  return bytes.replaceAll(/../g, (byte) => `\\${parseInt(byte, 16).toString(8).padStart(3, "0")}`);
};

suite(
  "a packet that carries its class's DSCP",
  { plugin: true, tools: ["ipset", "iptables", "socat"] },
  () => {
    let site: UplinkSite;
    beforeAll(async () => {
      site = await openUplinkSite();
      await addedUplinkPod(site, { labels: bulkLabel, uplink });
    });
    afterAll(() => site.node[Symbol.asyncDispose]());

    const sentBy = async (classid: string): Promise<number> => {
      const text = await site.sh(`tc -s class show dev eth0 classid ${classid}`);
      return Number(/Sent \d+ bytes (\d+) pkt/.exec(text)?.[1]);
    };

    test.each([
      [4, false],
      [6, false],
      [4, true],
      [6, true],
    ] as const)("of IPv%d is in it, also with a VLAN tag: %s", async (family, isTagged) => {
      const before = await sentBy("1:20");
      for (const dscp of [8, 8, 8, 10, 0])
        await site.sh(`printf '${frame(family, dscp, isTagged)}' | socat -u - INTERFACE:eth0`);
      expect((await sentBy("1:20")) - before).toBe(3);
    });
  },
);

/** What ADD mends may be made anew: a filter's table then has another number, a class another place in the list. */
const withoutHandles = (dump: string): readonly string[] =>
  dump
    .replaceAll(/\b(fh|ht) \w+:?/g, "$1")
    .split("\n")
    .toSorted();
