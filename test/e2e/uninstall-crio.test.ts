/**
 * 000-5 CRI-O deletes and checks a pod by the conf of its ADD, which libcni has kept: before, between and after uninstall. By a
 * program on libcni that does what CRI-O does.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { binDir, confDir, installSite, type InstallSite } from "../lab/install/install-site.ts";
import { suite } from "../lab/node/needs.ts";
import { cniPath, peer } from "../lab/node/paths.ts";
import type { Pod } from "../lab/node/pod.ts";
import type { ExecResult } from "../lab/node/process.ts";

suite("CRI-O's way", { plugin: true, peers: ["crio", "ptp", "host-local"] }, () => {
  let site: InstallSite;
  let before: { readonly files: unknown; readonly kernel: string };
  beforeEach(async () => {
    site = await installSite("nothing");
    mkdirSync(site.node.path("/etc/crio"), { recursive: true });
    const ptp = { type: "ptp", ipam: { type: "host-local", subnet: "192.0.2.0/24", dataDir: "/run/ipam" } };
    const primary = { cniVersion: "1.0.0", name: "lab", plugins: [ptp] };
    writeFileSync(site.node.path(`${confDir}/10-lab.conflist`), JSON.stringify(primary));
    const entry = { type: "pod-qos", ingressRate: 10_000_000, ingressBurst: 1_000_000 };
    before = { files: site.contents(), kernel: await site.node.dump() };
    expect(await site.install("--entry", JSON.stringify(entry))).toMatchObject({ exitCode: 0 });
  });
  afterEach(() => site[Symbol.asyncDispose]());

  const crio = (verb: "add" | "check" | "del", pod: Pod): Promise<ExecResult> => {
    const what = verb === "add" ? `${confDir}/09-pod-qos.conflist` : "lab";
    const args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=prod;K8S_POD_NAME=web-1";
    const env = { CNI_PATH: cniPath(), CNI_ARGS: args };
    return site.node.exec(peer("crio") ?? "crio", [verb, what, pod.netns, "c1", "eth0"], {
      env,
      reject: false,
    });
  };
  const limits = async (): Promise<string> => (await site.node.exec("tc", ["qdisc", "show"])).stdout;

  test("before: CHECK and DEL work, and nothing is left", async () => {
    const pod = await site.node.addPod();
    expect(await crio("add", pod)).toMatchObject({ exitCode: 0 });
    expect(await limits()).toContain("htb");
    expect(await crio("check", pod)).toMatchObject({ exitCode: 0 });
    expect(await crio("del", pod)).toMatchObject({ exitCode: 0 });
    await pod.remove();
    expect(await site.uninstall("--reloaded")).toMatchObject({ exitCode: 0 });
    expect([site.contents(), await site.node.dump()]).toEqual([before.files, before.kernel]);
  });

  test("between: the pod holds the executable, its CHECK and DEL work, and a later run ends it", async () => {
    const pod = await site.node.addPod();
    expect(await crio("add", pod)).toMatchObject({ exitCode: 0 });
    const first = await site.uninstall("--reloaded");
    expect([first.exitCode, first.stdout]).toEqual([3, expect.stringContaining("pod prod/web-1 eth0")]);
    expect([await limits(), existsSync(site.node.path(`${binDir}/pod-qos`))]).toEqual([
      expect.not.stringContaining("htb"),
      true,
    ]);
    expect(await crio("check", pod)).toMatchObject({ exitCode: 0 });
    expect(await crio("del", pod)).toMatchObject({ exitCode: 0 });
    await pod.remove();
    expect(await site.uninstall("--reloaded")).toMatchObject({ exitCode: 0 });
    expect([site.contents(), await site.node.dump()]).toEqual([before.files, before.kernel]);
  });

  test("after: a pod that came by the primary's conf alone is checked and deleted without us", async () => {
    expect(await site.uninstall("--reloaded")).toMatchObject({ exitCode: 0 });
    const pod = await site.node.addPod();
    const env = { CNI_PATH: cniPath() };
    const args = ["add", `${confDir}/10-lab.conflist`, pod.netns, "c1", "eth0"];
    await site.node.exec(peer("crio") ?? "crio", args, { env });
    expect(await crio("check", pod)).toMatchObject({ exitCode: 0 });
    expect(await crio("del", pod)).toMatchObject({ exitCode: 0 });
    expect(existsSync(site.node.path(`${binDir}/pod-qos`))).toBe(false);
  });
});
