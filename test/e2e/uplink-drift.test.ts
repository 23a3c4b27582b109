/** CHECK finds every object of an uplink that is gone or not as it was made, and ADD mends what CHECK found. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/answers.ts";
import { stateFiles } from "../lab/exact-state.ts";
import { suite } from "../lab/needs.ts";
import { paced } from "../lab/pace.ts";
import { plannedUplink, uplinkDamages } from "../lab/uplink-damages.ts";
import {
  addedUplinkPod,
  bulkLabel,
  openUplinkSite,
  uplink200,
  type UplinkPod,
  type UplinkSite,
} from "../lab/uplink.ts";

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

/** What ADD mends may be made anew: a filter's table then has another number, a class another place in the list. */
const withoutHandles = (dump: string): readonly string[] =>
  dump
    .replaceAll(/\b(fh|ht) \w+:?/g, "$1")
    .split("\n")
    .toSorted();
