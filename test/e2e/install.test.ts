/** 000-4, 000-5 pod-qos install: onto a node in one step that can be repeated, and nothing changed where it cannot be done. */
import {
  chmodSync,
  chownSync,
  renameSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { binDir, confDir, installSite, type InstallSite } from "../lab/install/install-site.ts";
import { pluginPath } from "../lab/node/paths.ts";

let site: InstallSite;
const on = async (fixture: string): Promise<InstallSite> => (site = await installSite(fixture));
afterEach(() => site[Symbol.asyncDispose]());

describe("on a node with flannel", () => {
  beforeEach(() => on("flannel"));

  test("puts the executable and a conflist of ours there, and nothing else", async () => {
    const before = site.files();
    expect(await site.install()).toMatchObject({ exitCode: 0, stderr: "" });
    const {
      [`${binDir}/pod-qos`]: executable,
      [`${confDir}/09-pod-qos.conflist`]: own,
      ...others
    } = site.files();
    expect(others).toEqual(before);
    expect(executable).toMatch(/^100755 0:0 /);
    expect(own).toMatch(/^100600 0:0 /);
    const put = readFileSync(site.node.path(`${binDir}/pod-qos`));
    expect(put.equals(readFileSync(pluginPath()))).toBe(true);
  });

  test("a second install writes nothing", async () => {
    await site.install();
    const before = site.files();
    const again = await site.install();
    expect(again).toMatchObject({ exitCode: 0 });
    expect(again.stdout).toContain("is this version already");
    expect(site.files()).toEqual(before);
  });

  test("an older executable is replaced, and the entry that was given stays", async () => {
    const entry = site.node.path("/run/entry.json");
    writeFileSync(entry, JSON.stringify({ type: "pod-qos", logLevel: "warn" }));
    expect(await site.install("--entry", "/run/entry.json")).toMatchObject({ exitCode: 0 });
    writeFileSync(site.node.path(`${binDir}/pod-qos`), "#!/bin/sh\n");
    expect(await site.install()).toMatchObject({ exitCode: 0 });
    expect(site.read("09-pod-qos.conflist")).toContain('"logLevel": "warn"');
    expect(statSync(site.node.path(`${binDir}/pod-qos`)).size).toBe(statSync(pluginPath()).size);
  });

  test("the primary's chain is followed when it has changed", async () => {
    await site.install();
    const primary = site.node.path(`${confDir}/10-flannel.conflist`);
    writeFileSync(
      primary,
      site.read("10-flannel.conflist").replace('"hairpinMode": true', '"hairpinMode": false'),
    );
    expect(await site.install()).toMatchObject({ exitCode: 0 });
    expect(site.read("09-pod-qos.conflist")).toContain('"hairpinMode": false');
  });

  test("--dry-run says all and changes nothing, and patch takes its diff", async () => {
    const before = site.files();
    const { exitCode, stdout } = await site.install("--dry-run");
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`+++ ${confDir}/09-pod-qos.conflist`);
    expect(site.files()).toEqual(before);
    await site.node.exec("patch", ["-p0", "-d", "/"], { input: `${stdout}\n` });
    const patched = site.read("09-pod-qos.conflist");
    await site.install();
    expect(site.read("09-pod-qos.conflist")).toBe(patched);
  });

  test("--in-place keeps every other byte, the mode and the owner", async () => {
    const primary = site.node.path(`${confDir}/10-flannel.conflist`);
    chmodSync(primary, 0o640);
    chownSync(primary, 7, 8);
    const before = site.read("10-flannel.conflist");
    expect(await site.install("--in-place")).toMatchObject({ exitCode: 0 });
    const { mode, uid, gid } = statSync(primary);
    expect([mode & 0o777, uid, gid]).toEqual([0o640, 7, 8]);
    const now = site.read("10-flannel.conflist");
    expect(now.startsWith(before.slice(0, before.lastIndexOf("\n  ]")))).toBe(true);
    expect(now.endsWith(before.slice(before.lastIndexOf("\n  ]")))).toBe(true);
  });

  test("a file that is a link stays one, and what it leads to is edited", async () => {
    const primary = site.node.path(`${confDir}/10-flannel.conflist`);
    renameSync(primary, site.node.path("/etc/cni/kept.conflist"));
    symlinkSync("/etc/cni/kept.conflist", primary);
    expect(await site.install("--in-place")).toMatchObject({ exitCode: 0 });
    expect(site.files()[`${confDir}/10-flannel.conflist`]).toContain("-> /etc/cni/kept.conflist");
    expect(readFileSync(site.node.path("/etc/cni/kept.conflist"), "utf8")).toContain('"pod-qos"');
  });

  test("with --root the node is where a container sees it", async () => {
    await site.node.exec("sh", ["-ec", "mkdir /run/host && mount --rbind / /run/host"]);
    symlinkSync(`${confDir}/10-flannel.conflist`, site.node.path(`${confDir}/05-link.conflist`));
    const before = site.files();
    expect(await site.install("--root", "/run/host/")).toMatchObject({ exitCode: 0 });
    expect(Object.keys(site.files())).toEqual(
      expect.arrayContaining([...Object.keys(before), `${confDir}/04-pod-qos.conflist`, `${binDir}/pod-qos`]),
    );
    expect(await site.uninstall("--root", "/run/host")).toMatchObject({ exitCode: 0 });
    expect(site.files()).toEqual(before);
  });

  test("a runtime that starts the plugin all the while finds a whole one", async () => {
    await site.install();
    const installing = new AbortController();
    const calls = (async (): Promise<readonly string[]> => {
      const answers: string[] = [];
      while (!installing.signal.aborted)
        answers.push((await site.node.exec(`${binDir}/pod-qos`, ["--version"], { reject: false })).stdout);
      return answers;
    })();
    for (const times of [1, 2, 3]) {
      const other = readFileSync(pluginPath());
      await execa("truncate", ["-s", `+${times}`, site.node.path(`${binDir}/pod-qos`)], { reject: false });
      expect(other.length).toBeGreaterThan(0);
      expect(await site.install()).toMatchObject({ exitCode: 0 });
    }
    installing.abort();
    const answers = await calls;
    expect(answers.length).toBeGreaterThan(3);
    expect([...new Set(answers)]).toHaveLength(1);
  });
});

describe("nothing is changed, and it is said why,", () => {
  const refusals: readonly (readonly [
    why: string,
    fixture: string,
    prepare: string,
    args: readonly string[],
    words: string,
  ])[] = [
    ["without a primary", "nothing", "", [], "no network's conf yet"],
    ["with a primary that is broken", "broken-json", "", [], "is not JSON"],
    ["where the bin directory is missing", "flannel", "rmdir /opt/cni/bin", [], "name the directory"],
    [
      "on a full disk, for the executable",
      "flannel",
      "mount -t tmpfs -o size=20m small /opt/cni/bin",
      [],
      "no space left",
    ],
    [
      "on a full disk, for the conf",
      "flannel",
      "mount -t tmpfs -o size=16k small /mnt; cp -a /etc/cni/net.d/. /mnt; mount --bind /mnt /etc/cni/net.d; dd if=/dev/zero of=/etc/cni/net.d/fill 2>/dev/null || true",
      [],
      "no space left",
    ],
    [
      "where the bin directory is read-only",
      "flannel",
      "mount -t tmpfs -o ro small /opt/cni/bin",
      [],
      "read-only",
    ],
    [
      "where the conf directory is read-only",
      "flannel",
      "mount --bind /etc/cni/net.d /etc/cni/net.d; mount -o remount,bind,ro /etc/cni/net.d",
      [],
      "read-only",
    ],
    [
      "with an entry that ADD would refuse",
      "flannel",
      'echo \'{"type":"pod-qos","limit":1}\' >/run/e',
      ["--entry", "/run/e"],
      "unknown key",
    ],
    [
      "with a key twice in the entry",
      "flannel",
      'echo \'{"type":"pod-qos","agent":"optional","agent":"required"}\' >/run/e',
      ["--entry", "/run/e"],
      "twice",
    ],
    [
      "with an entry that this node cannot serve",
      "flannel",
      'echo \'{"type":"pod-qos","uplink":{"device":"none0","rate":"1G","default":"d","classes":{"d":{"rate":"1M"}}}}\' >/run/e',
      ["--entry", "/run/e"],
      "none0",
    ],
    ["as a drop-in for a runtime that nobody knows", "flannel", "", ["--drop-in"], "which runtime"],
    ["in place beside the bandwidth plugin", "k3s", "", ["--in-place"], "bandwidth plugin"],
    ["for a network that is not there", "flannel", "", ["--network", "other"], "cbr0 (10-flannel.conflist)"],
  ];

  test.each(refusals)("%s", async (_, fixture, prepare, args, words) => {
    await on(fixture);
    await site.node.exec("sh", ["-ec", prepare]);
    const before = await present();
    const result = await site.install(...args);
    expect(result).toMatchObject({ exitCode: 1 });
    expect(result.stderr).toContain(words);
    expect(await present()).toBe(before);
  });

  test("for somebody who is not root", async () => {
    await on("flannel");
    const before = await present();
    const { exitCode, stderr } = await site.node.exec(
      "setpriv",
      ["--reuid=65534", "--regid=65534", "--clear-groups", pluginPath(), "install", "--bin-dir", binDir],
      { reject: false },
    );
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("permission denied")]);
    expect(await present()).toBe(before);
  });
});

test.each([[["--in-place", "--drop-in"]], [["--nothing"]], [["--root", "relative"]], [["--entry"]]])(
  "wrong arguments %j are exit code 2",
  async (args) => {
    await on("flannel");
    expect(await site.install(...args)).toMatchObject({ exitCode: 2 });
  },
);

async function present(): Promise<string> {
  const { stdout } = await site.node.exec("sh", [
    "-c",
    `find ${confDir} ${binDir} -type f -exec sha1sum {} + | sort; find ${confDir} ${binDir} | sort`,
  ]);
  return stdout;
}
