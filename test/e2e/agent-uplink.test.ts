/** The node's uplink while its agent is at work: it alone changes what stands, and ADD joins that. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { startAgent, until, writeConf, type Agent } from "../lab/agent.ts";
import { addedUplinkPod, bulkLabel, membersOf, openUplinkSite, uplink200, uplinkPod } from "../lab/uplink.ts";
import type { UplinkSite } from "../lab/uplink.ts";
import { succeeded } from "../lab/answers.ts";

let site: UplinkSite;
let agent: Agent;
beforeEach(async () => {
  site = await openUplinkSite();
});
afterEach(async () => {
  await agent.kill();
  await site.node[Symbol.asyncDispose]();
});

const sure = (rate: string) => ({
  ...uplink200,
  classes: { ...uplink200.classes, "bulk-seed": { ...uplink200.classes["bulk-seed"], rate } },
});
const write = (uplink: object): Promise<void> =>
  writeConf(site.node, "10-podnet.conflist", { uplink }, "podnet");
const classes = async (): Promise<string> =>
  (await site.node.exec("tc", ["class", "show", "dev", "eth0"])).stdout;
const bulkIs = (rate: string) => async (): Promise<boolean> =>
  new RegExp(`htb 1:20 .* rate ${rate}bit`).test(await classes());

test("a class's rate that is edited is changed in place, and an ADD with another conf joins what stands", async () => {
  await write(uplink200);
  const pod = await addedUplinkPod(site, { labels: bulkLabel });
  agent = await startAgent(site.node);
  await write(sure("40M"));
  await until("40M", bulkIs("40M"));
  expect(await membersOf(site.node, "bulkseed-pods")).toEqual([pod.wire.pod4]);
  const late = await uplinkPod(site, { labels: bulkLabel });
  succeeded(await late.call("ADD"));
  expect(await bulkIs("40M")()).toBe(true);
  expect(await membersOf(site.node, "bulkseed-pods")).toEqual([pod.wire.pod4, late.wire.pod4].toSorted());
  await agent.stop();
  const later = await uplinkPod(site, { labels: bulkLabel, uplink: sure("30M") });
  succeeded(await later.call("ADD"));
  expect(await bulkIs("30M")()).toBe(true);
});

test("what somebody takes from the tree comes back at once, and from a class's set within a round", async () => {
  await write(uplink200);
  const pod = await addedUplinkPod(site, { labels: bulkLabel });
  agent = await startAgent(site.node, { round: "5s" });
  await site.node.exec("tc", [
    "class",
    "change",
    "dev",
    "eth0",
    "parent",
    "1:1",
    "classid",
    "1:20",
    "htb",
    "rate",
    "1mbit",
  ]);
  await until("the class", bulkIs("50M"));
  await site.node.exec("tc", ["qdisc", "del", "dev", "eth0", "root"]);
  await until("the tree", bulkIs("50M"));
  await site.sh("ipset flush bulkseed-pods; ipset add bulkseed-pods 192.0.2.99");
  await until(
    "the set",
    async () => (await membersOf(site.node, "bulkseed-pods")).join() === pod.wire.pod4,
    9_000,
  );
  expect(await agent.metric('pod_qos_drift_total{tool="uplink"}')).toBeGreaterThan(0);
});
