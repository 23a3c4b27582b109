/** 000-5 pod-qos uninstall: off a node without a trace, and in an order in which no pod misses what it needs. */
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { startContainerd } from "../lab/node/containerd.ts";
import { binDir, confDir, installSite, type InstallSite } from "../lab/install/install-site.ts";
import { suite } from "../lab/node/needs.ts";
import { cniPath, peer, pluginPath } from "../lab/node/paths.ts";
import type { Pod } from "../lab/node/pod.ts";
import type { ExecResult } from "../lab/node/process.ts";

let site: InstallSite;
const on = async (fixture: string): Promise<InstallSite> => (site = await installSite(fixture));
afterEach(() => site[Symbol.asyncDispose]());

test.each([
  ["flannel", []],
  ["k3s", []],
  ["ovn-kubernetes", []],
  ["thick-multus", []],
  ["two-confs", ["--network", "podman"]],
  ["crlf", ["--in-place"]],
  ["kindnet", ["--in-place"]],
])("%s %j: the node is as it was before, byte by byte", async (fixture, args) => {
  await on(fixture);
  const before = site.contents();
  expect(await site.install(...args)).toMatchObject({ exitCode: 0 });
  expect(site.contents()).not.toEqual(before);
  expect(await site.uninstall()).toMatchObject({ exitCode: 0, stderr: "" });
  expect(site.contents()).toEqual(before);
  expect(await site.uninstall()).toMatchObject({ exitCode: 0 });
});

test("the same of a drop-in, where the runtime reads it, and a containerd that is too old is refused", async () => {
  await on("flannel");
  await runtimeIsThere("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1");
  const before = site.contents();
  const refused = await site.install("--drop-in");
  expect([refused.exitCode, refused.stderr]).toEqual([
    1,
    expect.stringContaining("containerd 1.6.20 does not read"),
  ]);
  expect(site.contents()).toEqual(before);
  await runtimeIsThere("containerd github.com/containerd/containerd/v2 v2.1.4 75cb2b7193e4");
  expect(await site.install("--drop-in")).toMatchObject({ exitCode: 0 });
  expect(Object.keys(site.contents())).toContain(`${confDir}/cbr0/99-pod-qos.conf`);
  expect(await site.uninstall("--reloaded")).toMatchObject({ exitCode: 0 });
  expect(site.contents()).toEqual(before);
});

test("of an executable that is a link, the link goes and not what it leads to", async () => {
  await on("flannel");
  const target = site.node.path("/run/elsewhere");
  copyFileSync(pluginPath(), target);
  symlinkSync("/run/elsewhere", site.node.path(`${binDir}/pod-qos`));
  expect(await site.uninstall()).toMatchObject({ exitCode: 0 });
  expect([existsSync(target), Object.keys(site.contents())]).toEqual([
    true,
    expect.not.arrayContaining([`${binDir}/pod-qos`]),
  ]);
});

test("of two networks one goes, and the other keeps its executable", async () => {
  await on("two-confs");
  await site.install();
  await site.install("--network", "podman");
  const result = await site.uninstall("--network", "podman");
  expect([result.exitCode, result.stdout]).toEqual([
    3,
    expect.stringContaining("09-pod-qos.conflist names it"),
  ]);
  expect(existsSync(site.node.path(`${binDir}/pod-qos`))).toBe(true);
  expect(await site.uninstall()).toMatchObject({ exitCode: 0 });
});

test("what multus has in its own file is said, and keeps the executable", async () => {
  await on("flannel");
  await site.install();
  const delegate = {
    type: "multus",
    name: "multus",
    delegates: [JSON.parse(site.read("09-pod-qos.conflist")) as object],
  };
  writeFileSync(site.node.path(`${confDir}/00-multus.conf`), JSON.stringify(delegate));
  const result = await site.uninstall();
  expect([result.exitCode, result.stdout]).toEqual([3, expect.stringContaining("restart multus")]);
  await site.node.exec("rm", [`${confDir}/00-multus.conf`]);
  mkdirSync(site.node.path("/var/lib/cni/multus"), { recursive: true });
  writeFileSync(
    site.node.path("/var/lib/cni/multus/abc"),
    JSON.stringify([{ ConfListPlugin: true, Bytes: '{"type":"pod-qos"}' }]),
  );
  const held = await site.uninstall();
  expect([held.exitCode, held.stdout]).toEqual([3, expect.stringContaining("container abc (multus)")]);
  await site.node.exec("rm", ["/var/lib/cni/multus/abc"]);
  expect(await site.uninstall()).toMatchObject({ exitCode: 0 });
});

test("--dry-run changes nothing", async () => {
  await on("flannel");
  await site.install();
  const before = site.files();
  const result = await site.uninstall("--dry-run");
  expect([result.exitCode, result.stdout]).toEqual([
    0,
    expect.stringContaining(`--- ${confDir}/09-pod-qos.conflist`),
  ]);
  expect(site.files()).toEqual(before);
});

test("where the directory is read-only it says so, and all is as before", async () => {
  await on("flannel");
  await site.install();
  const before = site.files();
  await site.node.exec("sh", [
    "-ec",
    `mount --bind ${confDir} ${confDir}; mount -o remount,bind,ro ${confDir}`,
  ]);
  const result = await site.uninstall();
  expect([result.exitCode, result.stderr]).toEqual([1, expect.stringContaining("read-only")]);
  expect(site.files()).toEqual(before);
  expect(existsSync(site.node.path("/run/pod-qos-install/leaving"))).toBe(false);
});

test("while a pod runs: its limits go at once, the executable when the pod has ended", async () => {
  const { before, pod } = await withLimitedPod();
  const first = await site.uninstall();
  expect([first.exitCode, first.stdout]).toEqual([3, expect.stringContaining("pod prod/web-1 eth0")]);
  expect(first.stdout).toContain("released: 1");
  expect(await limits(pod)).toBe("");
  expect(existsSync(site.node.path("/run/pod-qos"))).toBe(false);
  expect(existsSync(site.node.path(`${binDir}/pod-qos`))).toBe(true);
  expect(await cnitool("del", pod)).toMatchObject({ exitCode: 0 });
  await pod.remove();
  expect(await site.uninstall()).toMatchObject({ exitCode: 0 });
  expect(site.contents()).toEqual(before.files);
  expect(await site.node.dump()).toBe(before.kernel);
});

test("--keep: a pod that runs keeps its limits until it ends, and a later run goes on", async () => {
  const { before, pod } = await withLimitedPod();
  const first = await site.uninstall("--keep");
  expect([first.exitCode, first.stdout]).toEqual([3, expect.stringContaining("kept: 1")]);
  expect(await limits(pod)).toContain("htb");
  expect(Object.keys(site.contents())).not.toContain(`${confDir}/09-pod-qos.conflist`);
  expect(await cnitool("del", pod)).toMatchObject({ exitCode: 0 });
  await pod.remove();
  expect(await site.uninstall("--keep")).toMatchObject({ exitCode: 0 });
  expect(site.contents()).toEqual(before.files);
  expect(await site.node.dump()).toBe(before.kernel);
});

test("a runtime that does not say what it has loaded keeps executable and limits, until its operator has looked", async () => {
  const { pod } = await withLimitedPod();
  await runtimeIsThere("containerd github.com/containerd/containerd 1.6.20~ds1");
  const first = await site.uninstall();
  expect([first.exitCode, first.stdout]).toEqual([3, expect.stringContaining("--reloaded")]);
  expect(await limits(pod)).toContain("htb");
  expect(await site.uninstall("--reloaded")).toMatchObject({ exitCode: 3 });
  expect(await limits(pod)).toBe("");
});

test("a later run knows the state directory that a conf named which has gone", async () => {
  const { before, pod } = await withLimitedPod({ stateDir: "/run/elsewhere" });
  await runtimeIsThere("containerd github.com/containerd/containerd 1.6.20~ds1");
  expect(await site.uninstall()).toMatchObject({ exitCode: 3 });
  expect(await limits(pod)).toContain("htb");
  const later = await site.uninstall("--reloaded");
  expect([later.exitCode, later.stdout]).toEqual([3, expect.stringContaining("released: 1")]);
  expect([await limits(pod), existsSync(site.node.path("/run/elsewhere"))]).toEqual(["", false]);
  expect(await cnitool("del", pod)).toMatchObject({ exitCode: 0 });
  await pod.remove();
  expect(await site.uninstall("--reloaded")).toMatchObject({ exitCode: 0 });
  expect(site.contents()).toEqual(before.files);
  expect(existsSync(site.node.path("/run/pod-qos-install"))).toBe(false);
});

suite("a runtime that answers", { plugin: true, tools: ["containerd"] }, () => {
  test("on its socket needs no such word: all goes once it has loaded the chain without us", async () => {
    await on("flannel");
    const before = site.contents();
    expect(await site.install()).toMatchObject({ exitCode: 0 });
    await startContainerd(site.node);
    expect(await site.uninstall()).toMatchObject({ exitCode: 0, stderr: "" });
    expect(site.contents()).toEqual(before);
  });
});

async function withLimitedPod(more: object = {}): Promise<{
  readonly before: { readonly files: unknown; readonly kernel: string };
  readonly pod: Pod;
}> {
  await on("nothing");
  const ptp = { type: "ptp", ipam: { type: "host-local", subnet: "192.0.2.0/24", dataDir: "/run/ipam" } };
  const primary = { cniVersion: "1.0.0", name: "lab", plugins: [ptp] };
  writeFileSync(site.node.path(`${confDir}/10-lab.conflist`), JSON.stringify(primary));
  const entry = { type: "pod-qos", ingressRate: 10_000_000, ingressBurst: 1_000_000, ...more };
  writeFileSync(site.node.path("/run/entry"), JSON.stringify(entry));
  const before = { files: site.contents(), kernel: await site.node.dump() };
  expect(await site.install("--entry", "/run/entry")).toMatchObject({ exitCode: 0 });
  const pod = await site.node.addPod();
  expect(await cnitool("add", pod)).toMatchObject({ exitCode: 0 });
  expect(await limits(pod)).toContain("htb");
  return { before, pod };
}

/** With libcni's cache, as every runtime has it. */
function cnitool(verb: string, pod: Pod): Promise<ExecResult> {
  const args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=prod;K8S_POD_NAME=web-1";
  const env = { CNI_PATH: cniPath(), NETCONFPATH: confDir, CNI_ARGS: args };
  return site.node.exec(peer("cnitool") ?? "cnitool", [verb, "lab", pod.netns], { env, reject: false });
}

async function limits(pod: Pod): Promise<string> {
  const there = [await site.node.exec("tc", ["qdisc", "show"]), await pod.exec("tc", ["qdisc", "show"])];
  return there
    .flatMap(({ stdout }) => stdout.split("\n"))
    .filter((line) => !/noqueue|^$/.test(line))
    .join("\n");
}

/** A socket, as a runtime at work has one, and a program that tells its version. */
async function runtimeIsThere(version: string): Promise<void> {
  mkdirSync(site.node.path("/run/containerd"), { recursive: true });
  writeFileSync(site.node.path("/run/containerd/containerd.sock"), "");
  writeFileSync(site.node.path("/run/containerd/version"), `#!/bin/sh\necho '${version}'\n`, { mode: 0o755 });
  await site.node.exec("mount", ["--bind", "/run/containerd/version", "/usr/bin/containerd"]);
}
