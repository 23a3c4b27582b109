/** `cluster up` as people use it: several stand side by side, and `down` takes away one of them alone and all that it has. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { afterAll, expect, test } from "vitest";
import { isRunning, noted } from "../../scripts/lab/cluster/daemon.ts";
import { suite } from "../lab/node/needs.ts";

const SCRIPT = resolve(import.meta.dirname, "../../scripts/cluster.ts");

const cluster = (folder: string, ...args: readonly string[]) =>
  execa(process.execPath, [SCRIPT, ...args], { env: { POD_QOS_PLAYGROUND: folder }, reject: false });

suite("cluster up", { kubernetes: ["kube-apiserver", "etcd", "kubectl"], tools: ["openssl"] }, () => {
  const root = mkdtempSync(join(tmpdir(), "pod-qos-playground-"));
  const [one, other] = [join(root, "one"), join(root, "other")];
  afterAll(async () => {
    for (const folder of [one, other]) await cluster(folder, "down");
    rmSync(root, { recursive: true });
  });

  test("two side by side know nothing of each other, and down ends one of them", async () => {
    const [first, second] = await Promise.all([cluster(one, "up"), cluster(other, "up")]);
    expect(first.stdout).toMatch(/^==> https:\S+ is ready after [\d.]+ s$/m);
    expect(second.exitCode).toBe(0);
    expect((await cluster(one, "kubectl", "create", "namespace", "mine")).stdout).toBe(
      "namespace/mine created",
    );
    expect((await cluster(other, "kubectl", "get", "namespace", "mine")).stderr).toContain("NotFound");
    const ran = noted(one);
    expect((await cluster(one, "down")).exitCode).toBe(0);
    expect(ran.map(isRunning)).toEqual([false, false]);
    expect(existsSync(one)).toBe(false);
    const { stdout } = await cluster(other, "kubeconfig");
    expect((await cluster(other, "kubectl", "--kubeconfig", stdout, "get", "namespaces")).exitCode).toBe(0);
  });

  test("where one is up already it says so, and where none is", async () => {
    expect(await cluster(other, "up")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("already"),
    });
    expect(await cluster(one, "kubectl", "get", "pods")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("./scripts/cluster up"),
    });
  });
});
