/** 000-4 What the DaemonSet's init container asks of install: it waits for a primary, and knows the entry from its own arguments. */
import { existsSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../lab/agent/agent.ts";
import { installSite, type InstallSite } from "../lab/install/install-site.ts";
import { isThere, putPlugins, putWhole, remove } from "../lab/install/install-watch.ts";

const [own, primary] = ["09-pod-qos.conflist", "10-flannel.conflist"];
const entry = { type: "pod-qos", defaults: { egressBandwidth: "1M" } };

let site: InstallSite;
beforeEach(async () => {
  site = await installSite("flannel");
  putPlugins(site, "flannel", "portmap");
});
afterEach(() => site[Symbol.asyncDispose]());

test("with --wait it waits for a primary, and then installs", async () => {
  const text = site.read(primary);
  remove(site, primary);
  const state = { ended: false };
  const installing = site.install("--wait").finally(() => (state.ended = true));
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect([state.ended, isThere(site, own), existsSync(site.node.path("/opt/cni/bin/pod-qos"))]).toEqual([
    false,
    false,
    false,
  ]);
  putWhole(site, primary, text);
  const { exitCode, stdout } = await installing;
  expect([exitCode, isThere(site, own)]).toEqual([0, true]);
  expect(stdout).toContain("waiting for a primary plugin: /etc/cni/net.d has no network's conf yet");
  expect(stdout).toContain(`${own}: written`);
});

test("while it waits, a conflist of ours whose primary is gone goes", async () => {
  await site.install();
  const text = site.read(primary);
  remove(site, primary);
  const installing = site.install("--wait");
  await until("gone", () => !isThere(site, own), 5_000);
  putWhole(site, primary, text);
  expect((await installing).exitCode).toBe(0);
  expect(isThere(site, own)).toBe(true);
});

test("--entry takes the entry itself, and refuses what ADD would refuse", async () => {
  expect((await site.install("--entry", JSON.stringify(entry))).exitCode).toBe(0);
  expect(JSON.parse(site.read(own)).plugins.at(-1)).toEqual(entry);
  const wrong = await site.install("--entry", JSON.stringify({ ...entry, egresRate: 1 }));
  expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringContaining("egresRate")]);
  const torn = await site.install("--entry", "{");
  expect([torn.exitCode, torn.stderr]).toEqual([1, expect.stringContaining("--entry is not JSON")]);
});

test("--executable writes the executable and no chain, where multus has no conf of a network too", async () => {
  remove(site, primary);
  const before = site.contents();
  const dry = await site.install("--executable", "--dry-run");
  expect([dry.stdout, site.contents()]).toEqual([
    expect.stringMatching(/^\/opt\/cni\/bin\/pod-qos: would be written/),
    before,
  ]);
  expect((await site.install("--executable")).stdout).toMatch(/^\/opt\/cni\/bin\/pod-qos: written/);
  expect((await site.install("--executable")).stdout).toMatch(/is this version already/);
  const { ["/opt/cni/bin/pod-qos"]: executable, ...rest } = site.contents();
  expect(rest).toEqual(before);
  expect(executable).toMatch(/^100755 0:0 /);
  const refused = await site.install("--executable", "--watch");
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("--executable")]);
});
