/** 000-10 A class's set holds its live pods and nobody else, whatever became of sets, records and confs in between. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { failed, succeeded, succeededSilently } from "../lab/answers.ts";
import { recordNames } from "../lab/exact-state.ts";
import { callPlugin } from "../lab/plugin.ts";
import { addedUplinkPod, bulkLabel, membersOf, openUplinkSite, uplink200, uplinkPod } from "../lab/uplink.ts";
import type { UplinkPod, UplinkSite } from "../lab/uplink.ts";

let site: UplinkSite;
beforeEach(async () => {
  site = await openUplinkSite();
});
afterEach(() => site.node[Symbol.asyncDispose]());

const SETS = ["bulkseed-pods", "bulkseed-pods-v6"] as const;
const bulk = { labels: bulkLabel } as const;
const sh = (script: string): Promise<unknown> => site.node.exec("sh", ["-ec", script]);
const everyMember = async (sets: readonly string[] = SETS): Promise<readonly string[]> =>
  (await Promise.all(sets.map((set) => membersOf(site.node, set)))).flat();
const addressesOf = ({ wire }: UplinkPod): readonly string[] => [wire.pod4, wire.pod6];
/** prevResult of a pod that was given the addresses of another. */
const inPlaceOf = ({ wire: { prevResult } }: UplinkPod, heir: UplinkPod): object => ({
  prevResult: { ...heir.wire.prevResult, ips: (prevResult as { ips: object }).ips, cniVersion: "1.1.0" },
});

describe("DEL of a pod whose class has", () => {
  test.each([
    ["no IPv6 set any more", "ip6tables -t mangle -F; ipset destroy bulkseed-pods-v6", "bulkseed-pods"],
    ["no IPv4 set any more", "iptables -t mangle -F; ipset destroy bulkseed-pods", "bulkseed-pods-v6"],
  ])("%s takes the pod out of the other", async (_, damage, left) => {
    const pod = await addedUplinkPod(site, bulk);
    await sh(damage);
    succeededSilently(await pod.call("DEL"));
    expect(await membersOf(site.node, left)).toEqual([]);
    expect(recordNames(site.node)).toEqual([]);
  });

  test("a set of somebody else's by now leaves that as it is", async () => {
    const pod = await addedUplinkPod(site, bulk);
    await sh(`iptables -t mangle -F; ip6tables -t mangle -F; ipset destroy bulkseed-pods
      ipset create bulkseed-pods hash:ip; ipset add bulkseed-pods ${pod.wire.pod4}`);
    succeededSilently(await pod.call("DEL"));
    expect(await everyMember()).toEqual([pod.wire.pod4]);
  });
});

test("an ADD that meets a foreign set leaves its members alone", async () => {
  const pod = await uplinkPod(site, bulk);
  await sh(`ipset create bulkseed-pods hash:ip; ipset add bulkseed-pods ${pod.wire.pod4}`);
  const [first] = (pod.wire.prevResult as { ips: readonly object[] }).ips;
  const prevResult = { ...pod.wire.prevResult, ips: [first], cniVersion: "1.1.0" };
  failed(await pod.call("ADD", { prevResult }), 101, ["bulkseed-pods"]);
  expect(await membersOf(site.node, "bulkseed-pods")).toEqual([pod.wire.pod4]);
});

describe("a pod of the default class with an address that a set still has", () => {
  test("of a pod that died without DEL is taken out of it by ADD", async () => {
    const dead = await addedUplinkPod(site, bulk);
    const heir = await uplinkPod(site);
    await dead.pod.remove();
    succeeded(await heir.call("ADD", inPlaceOf(dead, heir)));
    expect(await everyMember()).toEqual([]);
    succeededSilently(await heir.call("CHECK", inPlaceOf(dead, heir)));
  });

  test("is not well for CHECK and show, and ADD again mends it", async () => {
    const pod = await addedUplinkPod(site);
    await sh(`ipset add bulkseed-pods ${pod.wire.pod4}`);
    failed(await pod.call("CHECK"), 100, [`ipset bulkseed-pods has ${pod.wire.pod4}`]);
    succeeded(await pod.call("ADD"));
    succeededSilently(await pod.call("CHECK"));
    expect(await everyMember()).toEqual([]);
  });

  test("is not well for CHECK either when the conf has lost its uplink", async () => {
    const pod = await addedUplinkPod(site, { ...bulk, annotations: { "pod-qos/dscp": "EF" } });
    failed(await pod.call("CHECK", { uplink: undefined }), 100, [
      "it is in class bulk-seed of eth0, though the conf has no uplink any more",
    ]);
    succeeded(await pod.call("ADD", { uplink: undefined }));
    succeededSilently(await pod.call("CHECK", { uplink: undefined }));
    expect(await everyMember()).toEqual([]);
  });

  test("a claim of a pod that is dead keeps nothing in a set", async () => {
    const dead = await addedUplinkPod(site, bulk);
    const heir = await uplinkPod(site, bulk);
    await dead.pod.remove();
    succeeded(await heir.call("ADD", inPlaceOf(dead, heir)));
    succeededSilently(await heir.call("DEL", inPlaceOf(dead, heir)));
    expect(await everyMember()).toEqual([]);
  });
});

describe("pods that run while a set", () => {
  test("is destroyed are in it again once an ADD has made it anew", async () => {
    const running = await addedUplinkPod(site, bulk);
    await sh(
      "iptables -t mangle -F; ip6tables -t mangle -F; ipset destroy bulkseed-pods; ipset destroy bulkseed-pods-v6",
    );
    await addedUplinkPod(site);
    expect(await everyMember()).toEqual(addressesOf(running));
    succeededSilently(await running.call("CHECK"));
  });

  test("is removed with its uplink are in it again with the next pod", async () => {
    const running = await addedUplinkPod(site, bulk);
    succeeded(await callPlugin(site.node, { argv: ["uplink", "remove"] }));
    await addedUplinkPod(site);
    expect(await everyMember()).toEqual(addressesOf(running));
    succeededSilently(await running.call("CHECK"));
  });

  test("is renamed move along, and their DEL finds them", async () => {
    const renamed = structuredClone(uplink200) as unknown as { classes: { "bulk-seed": { set: string } } };
    renamed.classes["bulk-seed"].set = "seeders";
    const running = await addedUplinkPod(site, bulk);
    await addedUplinkPod(site, { uplink: renamed });
    expect(await everyMember(["seeders", "seeders-v6"])).toEqual(addressesOf(running));
    succeededSilently(await running.call("CHECK", { uplink: renamed }));
    succeededSilently(await running.call("DEL", { uplink: renamed }));
    expect(await everyMember(["seeders", "seeders-v6"])).toEqual([]);
  });
});
