/** 000-4 pod-qos agent --install: the agent keeps pod-qos in the chain too, if it is asked to. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startAgent, until, type Agent } from "../lab/agent/agent.ts";
import { installSite, type InstallSite } from "../lab/install/install-site.ts";
import { isThere, putPlugins, putWhole, remove, startWatch } from "../lab/install/install-watch.ts";

const [own, primary] = ["09-pod-qos.conflist", "10-flannel.conflist"];

let site: InstallSite;
let agent: Agent | undefined;
beforeEach(async () => {
  site = await installSite("flannel");
  putPlugins(site, "flannel", "portmap");
});
afterEach(async () => {
  await agent?.kill();
  agent = undefined;
  await site[Symbol.asyncDispose]();
});

test("without --install it leaves the chain alone", async () => {
  agent = await startAgent(site.node);
  await agent.stop();
  agent = undefined;
  expect(isThere(site, own)).toBe(false);
});

test("with it the chain is followed, an uninstall is refused, and SIGTERM changes nothing", async () => {
  const text = site.read(primary);
  agent = await startAgent(site.node, { args: ["--no-api", "--install"] });
  await until("installed", () => isThere(site, own), 10_000);
  putWhole(site, primary, text.replace('"hairpinMode": true', '"hairpinMode": false'));
  await until("followed", () => site.read(own).includes('"hairpinMode": false'), 2_000);
  remove(site, primary);
  await until("gone with it", () => !isThere(site, own), 2_000);
  putWhole(site, primary, text);
  await until("back with it", () => isThere(site, own), 2_000);
  const refused = await site.uninstall();
  expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining(`process ${agent.pid}`)]);
  const before = site.contents();
  const said = await agent.stop();
  agent = undefined;
  expect(said).toContain(`${own}: written`);
  expect(site.contents()).toEqual(before);
});

test("on k3s it is the chain of k3s, without being told where that is", async () => {
  const k3s = "/var/lib/rancher/k3s";
  const [conf, bin] = [`${k3s}/agent/etc/cni/net.d`, `${k3s}/data/cni`];
  await site.node.exec("mkdir", ["-p", conf, bin]);
  await site.node.exec("mv", [`/etc/cni/net.d/${primary}`, conf]);
  agent = await startAgent(site.node, { args: ["--no-api", "--install"] });
  await until("installed", () => existsSync(site.node.path(`${conf}/${own}`)), 10_000);
  expect(existsSync(site.node.path(`${bin}/pod-qos`))).toBe(true);
  expect(isThere(site, own)).toBe(false);
  expect(await agent.stop()).toContain(` networks in ${conf}`);
  agent = undefined;
});

test("a drop-in that is there stays one, and is put back", async () => {
  const dropIn = "cbr0/99-pod-qos.conf";
  const path = site.node.path(`/etc/cni/net.d/${dropIn}`);
  const entry = JSON.stringify({ type: "pod-qos", capabilities: { bandwidth: true } }, null, 2);
  mkdirSync(dirname(path));
  writeFileSync(path, `${entry}\n`);
  agent = await startAgent(site.node, { args: ["--no-api", "--install"] });
  await until("the executable is there", () => isExecutableThere(site), 10_000);
  // It has looked at all once more before it takes what is there for good.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  rmSync(dirname(path), { recursive: true });
  await until("back", () => isThere(site, dropIn), 5_000);
  expect([site.read(dropIn), isThere(site, own)]).toEqual([`${entry}\n`, false]);
  await agent.stop();
  agent = undefined;
});

const isExecutableThere = ({ node }: InstallSite): boolean => existsSync(node.path("/opt/cni/bin/pod-qos"));

test("beside install --watch it waits, and is an agent all the same", async () => {
  const watch = startWatch(site);
  await until("installed", () => isThere(site, own), 15_000);
  agent = await startAgent(site.node, { args: ["--no-api", "--install"] });
  await watch.kill();
  remove(site, own);
  await until("the agent goes on", () => isThere(site, own), 5_000);
  expect(await agent.stop()).toContain(`process ${watch.pid} keeps pod-qos`);
  agent = undefined;
});
