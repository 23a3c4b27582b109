/** The node's uplink while its agent is at work: it alone changes what stands, and ADD joins that. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { startAgent, until, writeConf, type Agent } from "../lab/agent/agent.ts";
import {
  addedUplinkPod,
  bulkLabel,
  membersOf,
  openUplinkSite,
  uplink200,
  uplinkPod,
} from "../lab/uplink/uplink.ts";
import type { UplinkSite } from "../lab/uplink/uplink.ts";
import { succeeded } from "../lab/plugin/answers.ts";
import { callPlugin, linkPlugin, type PluginResult } from "../lab/plugin/plugin.ts";
import { readRecordAt } from "../lab/plugin/records.ts";
import { unwrapped } from "../lab/node/unwrapped.ts";

let site: UplinkSite;
let agent: Agent;
beforeEach(async () => {
  site = await openUplinkSite();
});
afterEach(async () => {
  await agent?.kill();
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
  agent = await startAgent(site.node, { round: "10s" });
  process.kill(agent.pid, "SIGSTOP");
  await site.sh("tc class change dev eth0 parent 1:1 classid 1:20 htb rate 1mbit");
  const left = await callPlugin(site.node, { argv: ["uplink", "restore"] });
  expect([left.exitCode, left.stdout]).toEqual([
    1,
    expect.stringMatching(
      /^eth0 is not as its record says:\n {2}.*1:20[^]*\nThe agent \(process \d+\) changes it, /,
    ),
  ]);
  process.kill(agent.pid, "SIGCONT");
  await until("the class", bulkIs("50M"));
  await site.node.exec("tc", ["qdisc", "del", "dev", "eth0", "root"]);
  await until("the tree", bulkIs("50M"));
  await site.sh("ipset flush bulkseed-pods; ipset add bulkseed-pods 192.0.2.99");
  await until(
    "the set",
    async () => (await membersOf(site.node, "bulkseed-pods")).join() === pod.wire.pod4,
    11_000,
  );
  expect(await agent.metric('pod_qos_drift_total{tool="uplink"}')).toBeGreaterThan(0);
});

test("an ADD by another conf that has not seen the agent yet changes the uplink, and what no event tells of is put back", async () => {
  const [a, b] = [
    { rate: "20M", set: "a-pods", podSelector: { matchLabels: { a: "yes" } } },
    { rate: "20M", set: "b-pods", podSelector: { matchLabels: { b: "yes" } } },
  ];
  const uplink = { ...uplink200, classes: { default: { rate: "100M" }, a, b } };
  const swapped = { ...uplink, classes: { default: { rate: "100M" }, b, a } };
  await write(uplink);
  await addedUplinkPod(site, { labels: { a: "yes" }, uplink });
  const rules = (): Promise<string> => site.sh("iptables -t mangle -S; ip6tables -t mangle -S");
  const wanted = await rules();
  agent = await startAgent(site.node);
  await site.node.exec("rm", ["/run/pod-qos/live/agent.json"]);
  // The tree is the same: only the rules lead from the sets to the classes the other way round.
  await addedUplinkPod(site, { labels: { a: "yes" }, uplink: swapped });
  await until("the rules", async () => (await rules()) === wanted);
});

/** What was the third class is the second, and that one is behind it for as long as it stays. */
const { "bulk-seed": bulk } = uplink200.classes;
const [rest, last] = [{ rate: "100M" }, { rate: "1M" }];
const few = { rate: "2M", set: "few-pods", podSelector: { matchLabels: { few: "yes" } } };
const before = { ...uplink200, classes: { default: rest, "bulk-seed": bulk, last, few } };
const after = { ...uplink200, classes: { default: rest, last } };
/** Nothing can be decided by it, so no pod moves. */
const refused = { uplink: after, defaults: { class: "not-there" } };
const isBehind = async (): Promise<boolean> => /htb 1:30 .* rate 50Mbit/.test(await classes());
const hasFew = async (): Promise<boolean> => /htb 1:\d+ .* rate 2Mbit/.test(await classes());
const isKept = async (): Promise<boolean> =>
  (await isBehind()) && /htb 1:20 .* rate 1Mbit/.test(await classes());
const show = (): Promise<PluginResult> => callPlugin(site.node, { argv: ["uplink", "show"] });

test("a class that the conf has no more is no fault while pods are in it, and goes at once with the last two that move, or the last that is deleted", async () => {
  await write(before);
  const pods = [
    await addedUplinkPod(site, { name: "one", labels: bulkLabel, uplink: before }),
    await addedUplinkPod(site, { name: "two", labels: bulkLabel, uplink: before }),
    await addedUplinkPod(site, { uplink: before }),
  ];
  const wellNow = async (): Promise<void> => {
    for (const pod of pods)
      expect(await pod.call("CHECK", { uplink: after })).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await show()).toMatchObject({ exitCode: 0 });
  };
  const one = await addedUplinkPod(site, { labels: { few: "yes" }, uplink: before });
  agent = await startAgent(site.node);
  await writeConf(site.node, "10-podnet.conflist", refused, "podnet");
  await until("the class is behind", isKept);
  await wellNow();
  const { stdout } = await show();
  expect(unwrapped(stdout)).toContain(
    "KEPT: class bulk-seed, which the conf no longer has, for prod/one eth0, prod/two eth0",
  );
  // So long that the agent, which tries again after twice as long each time, would not do it in time by itself.
  await new Promise((resolve) => setTimeout(resolve, 8_000));
  expect(await hasFew()).toBe(true);
  succeeded(await one.call("DEL"));
  await until("the class of the deleted pod is gone", async () => !(await hasFew()), 3_000);
  await write(after);
  await until("it is gone", async () => !(await isBehind()), 6_000);
  for (const { pod } of pods)
    expect(readRecordAt(site.node, "podnet", pod.containerId).membership?.class).toBe("default");
  await wellNow();
  expect((await show()).stdout).not.toContain("KEPT");
});

test("what the set of such a class loses is found and put back, and without it its pods are not well", async () => {
  await write(before);
  const pod = await addedUplinkPod(site, { labels: bulkLabel, uplink: before });
  agent = await startAgent(site.node);
  await writeConf(site.node, "10-podnet.conflist", refused, "podnet");
  await until("the class is behind", isKept);
  process.kill(agent.pid, "SIGSTOP");
  await site.node.exec("ipset", ["flush", "bulkseed-pods"]);
  expect(await pod.call("CHECK", { uplink: after })).toMatchObject({
    exitCode: 1,
    error: { msg: expect.stringContaining(`ipset bulkseed-pods lacks ${pod.wire.pod4}`) as string },
  });
  expect(unwrapped((await show()).stdout)).toContain("UNHEALTHY: ipset bulkseed-pods lacks");
  process.kill(agent.pid, "SIGCONT");
  await until(
    "its address",
    async () => (await membersOf(site.node, "bulkseed-pods")).join() === pod.wire.pod4,
    20_000,
  );
  await agent.stop();
  // Without an agent nothing keeps it.
  succeeded(await (await uplinkPod(site, { uplink: after })).call("ADD"));
  expect(await pod.call("CHECK", { uplink: after })).toMatchObject({
    error: { msg: expect.stringContaining("the uplink eth0 has no class bulk-seed any more") as string },
  });
});

test("uplink remove takes the sets of such a class too", async () => {
  await write(before);
  await addedUplinkPod(site, { labels: bulkLabel, uplink: before });
  agent = await startAgent(site.node);
  await writeConf(site.node, "10-podnet.conflist", refused, "podnet");
  await until("the class is behind", isKept);
  await agent.stop();
  expect(await callPlugin(site.node, { argv: ["uplink", "remove"] })).toMatchObject({ exitCode: 0 });
  expect((await site.node.exec("ipset", ["list", "-name"])).stdout).toBe("");
});

test("an agent that does not see its pods' namespaces keeps them in their classes", async () => {
  await write(before);
  const pod = await addedUplinkPod(site, { labels: bulkLabel, uplink: before });
  const inImage = ["unshare", "--mount", "sh", "-ec", 'mount -t tmpfs image /run/netns; exec "$@"', "sh"];
  agent = await startAgent(site.node, { command: [...inImage, linkPlugin(site.node)] });
  await write(after);
  await until("the class is behind", isKept);
  expect(await membersOf(site.node, "bulkseed-pods")).toEqual([pod.wire.pod4]);
  await site.node.exec("ipset", ["flush", "bulkseed-pods"]);
  await until(
    "its address",
    async () => (await membersOf(site.node, "bulkseed-pods")).join() === pod.wire.pod4,
    20_000,
  );
});
