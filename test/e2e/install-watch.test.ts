/** 000-4, 000-5 pod-qos install --watch: the chain has us once and last, whatever happens to the primary's file. */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { until } from "../lab/agent/agent.ts";
import { binDir, confDir, installSite, type InstallSite } from "../lab/install/install-site.ts";
import {
  firstConf,
  isThere,
  pathOf,
  putInPieces,
  putPlugins,
  putWhole,
  remove,
  sampleChain,
  startWatch,
  typesIn,
  type Watch,
} from "../lab/install/install-watch.ts";

const own = "09-pod-qos.conflist";
const primary = "10-flannel.conflist";
const healedMs = 2_000;

let site: InstallSite;
let watch: Watch | undefined;
beforeEach(async () => {
  site = await installSite("flannel");
  putPlugins(site, "flannel", "portmap", "bridge");
});
afterEach(async () => {
  await watch?.kill();
  watch = undefined;
  await site[Symbol.asyncDispose]();
});

const started = async (...args: readonly string[]): Promise<Watch> => {
  watch = startWatch(site, ...args);
  const { log } = watch;
  await until("it is installed", () => log().includes(`${confDir}/`), 15_000);
  return watch;
};
const healed = (what: string, isSo: () => boolean): Promise<number> => until(what, isSo, healedMs);
const chain = (): readonly string[] | undefined => {
  const first = firstConf(site);
  return first && typesIn(first.text);
};
const hasOurs = (word = "") => isThere(site, own) && site.read(own).includes(word);
const other = (text: string, hairpin: boolean): string =>
  text.replace(/"hairpinMode": \w+/, `"hairpinMode": ${hairpin}`);

/** Calls `play` each 20 ms for so long. */
const playing = async (forMs: number, play: () => void): Promise<void> => {
  const timer = setInterval(play, 20);
  await new Promise((resolve) => setTimeout(resolve, forMs));
  clearInterval(timer);
};

describe("the primary's file is followed", () => {
  test("rewritten, in pieces, emptied, removed, put back, renamed, and ours removed or torn: within 2 s each", async () => {
    const text = site.read(primary);
    await started();
    const samples = sampleChain(site);
    putWhole(site, primary, other(text, false));
    await healed("followed", () => hasOurs('"hairpinMode": false'));
    await putInPieces(site, primary, text);
    await healed("followed in pieces", () => hasOurs('"hairpinMode": true'));
    writeFileSync(pathOf(site, primary), "");
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(chain()).toEqual(["flannel", "portmap", "pod-qos"]);
    writeFileSync(pathOf(site, primary), other(text, false));
    await healed("followed from empty", () => hasOurs('"hairpinMode": false'));
    remove(site, primary);
    await healed("ours goes with it", () => firstConf(site) === undefined);
    putWhole(site, primary, text);
    await healed("ours comes with it", () => hasOurs('"hairpinMode": true'));
    renameSync(pathOf(site, primary), pathOf(site, "05-flannel.conflist"));
    await healed("the name is followed", () => isThere(site, "04-pod-qos.conflist") && !isThere(site, own));
    renameSync(pathOf(site, "05-flannel.conflist"), pathOf(site, primary));
    await healed("and back", () => hasOurs() && !isThere(site, "04-pod-qos.conflist"));
    remove(site, own);
    await healed("ours is put back", () => hasOurs());
    const { samples: count, faults } = samples();
    writeFileSync(pathOf(site, own), "{");
    await healed("ours is mended", () => chain()?.at(-1) === "pod-qos");
    expect(faults).toEqual([]);
    expect(count).toBeGreaterThan(30);
    expect(readdirSync(site.node.path(confDir)).toSorted()).toEqual([own, primary]);
  });

  test("in place: put into it again each time, once and last", async () => {
    const text = site.read(primary);
    await started("--in-place");
    for (const each of [other(text, false), text, other(text, false)]) {
      await putInPieces(site, primary, each);
      await healed("put in again", () => chain()?.includes("pod-qos") === true);
      expect(chain()).toEqual(["flannel", "portmap", "pod-qos"]);
    }
    expect(readdirSync(site.node.path(confDir))).toEqual([primary]);
  });

  test("another network in its place is not hidden by ours", async () => {
    await started();
    const next = site.read(primary).replace("cbr0", "next").replace('"flannel"', '"bridge"');
    putWhole(site, "20-next.conflist", next);
    remove(site, primary);
    await healed("the next one's chain", () => chain()?.join() === "bridge,portmap,pod-qos");
    expect(readdirSync(site.node.path(confDir)).toSorted()).toEqual([
      "19-pod-qos.conflist",
      "20-next.conflist",
    ]);
  });

  test("it waits for the first one, and for the directory", async () => {
    const text = site.read(primary);
    await site.node.exec("rm", ["-r", confDir]);
    watch = startWatch(site);
    const { log } = watch;
    await until("it says what it waits for", () => log().includes("is not there"), 10_000);
    await site.node.exec("mkdir", [confDir]);
    await until("it says what it waits for", () => log().includes("no network's conf yet"), 10_000);
    expect(existsSync(site.node.path(`${binDir}/pod-qos`))).toBe(false);
    putWhole(site, primary, text);
    await until("installed", () => hasOurs(), 10_000);
    expect(existsSync(site.node.path(`${binDir}/pod-qos`))).toBe(true);
  });

  test("the executable is put back, and another version of it is left", async () => {
    await started();
    const executable = site.node.path(`${binDir}/pod-qos`);
    writeFileSync(`${executable}.new`, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    renameSync(`${executable}.new`, executable);
    putWhole(site, primary, other(site.read(primary), false));
    await healed("followed", () => hasOurs('"hairpinMode": false'));
    expect(readFileSync(executable, "utf8")).toContain("#!/bin/sh");
    await site.node.exec("rm", [`${binDir}/pod-qos`]);
    putWhole(site, primary, other(site.read(primary), true));
    await healed("put back", () => existsSync(executable));
  });

  test.each(["own", "in-place"] as const)(
    "the entry that was given is there again after an absence, %s",
    async (way) => {
      const text = site.read(primary);
      writeFileSync(site.node.path("/run/entry.json"), '{"type":"pod-qos","logLevel":"warn"}');
      const first = await started("--entry", "/run/entry.json", ...(way === "own" ? [] : ["--in-place"]));
      remove(site, primary);
      await healed("gone", () => firstConf(site) === undefined);
      if (way === "own") {
        await first.kill();
        watch = startWatch(site);
      }
      putWhole(site, primary, text);
      await until("back", () => firstConf(site)?.text.includes('"logLevel": "warn"') === true, 5_000);
      await until("nothing beside it", () => readdirSync(site.node.path(confDir)).length <= 2);
      await watch?.stop();
      expect(await site.uninstall()).toMatchObject({ exitCode: 0 });
      expect(readdirSync(site.node.path(confDir))).toEqual([primary]);
    },
  );
});

describe("who fights is named, and not fought", () => {
  test("cilium, which renames ours", async () => {
    let renamed = 0;
    const { log } = await started();
    await playing(2_200, () => {
      if (!isThere(site, own)) return;
      renameSync(pathOf(site, own), pathOf(site, `${own}.cilium_bak`));
      renamed += 1;
    });
    expect(renamed).toBe(1);
    expect(log().match(/cni\.exclusive=false/g)).toHaveLength(1);
    remove(site, `${own}.cilium_bak`);
    await until("it comes back once that is gone", () => hasOurs());
  });

  test("istio, which keeps a copy of its own first", async () => {
    const { log } = await started();
    const text = '{"cniVersion":"0.3.1","name":"cbr0","plugins":[{"type":"flannel"},{"type":"istio-cni"}]}';
    const before = site.contents();
    await playing(2_200, () => {
      if (firstConf(site)?.text !== text) putWhole(site, "02-istio-cni.conflist", text);
    });
    expect(log().match(/istioOwnedCNIConfig=false/g)).toHaveLength(1);
    remove(site, "02-istio-cni.conflist");
    expect(site.contents()).toEqual(before);
  });

  test("istio, which puts its entry into ours", async () => {
    const { log } = await started();
    let puts = 0;
    await playing(2_200, () => {
      if (typesIn(site.read(own))?.includes("istio-cni") === true) return;
      puts += 1;
      putWhole(site, own, site.read(own).replace('"plugins": [', '"plugins": [{"type":"istio-cni"},'));
    });
    expect(puts).toBe(1);
    expect(log().match(/cni\.cniConfFileName=10-flannel\.conflist/g)).toHaveLength(1);
  });

  test("somebody who removes ours each time: at longer and longer intervals", async () => {
    const { log } = await started();
    let removed = 0;
    await playing(5_000, () => {
      if (!isThere(site, own)) return;
      remove(site, own);
      removed += 1;
    });
    expect(removed).toBeGreaterThan(3);
    expect(removed).toBeLessThanOrEqual(7);
    expect(log().match(/another program keeps undoing/g)).toHaveLength(1);
    await until("it is there once he leaves it", () => hasOurs(), 10_000);
  });
});

describe("one at a time", () => {
  test("a second watcher says who is there, and goes on when that one is killed", async () => {
    const first = await started();
    const second = startWatch(site);
    await until("it says so", () => second.log().includes(`process ${first.pid} keeps`), 10_000);
    await first.kill();
    remove(site, own);
    await until("the second is at work", () => hasOurs(), 10_000);
    expect(await second.stop()).toBe(0);
  });

  test("an install beside it works, and its entry stays", async () => {
    await started();
    writeFileSync(site.node.path("/run/entry.json"), '{"type":"pod-qos","logLevel":"warn"}');
    expect(await site.install("--entry", "/run/entry.json")).toMatchObject({ exitCode: 0 });
    putWhole(site, primary, other(site.read(primary), false));
    await healed("followed", () => hasOurs('"hairpinMode": false'));
    expect(site.read(own)).toContain('"logLevel": "warn"');
  });

  test("an uninstall beside it changes nothing and says whom to end; then it leaves nothing", async () => {
    const before = site.contents();
    const { pid, stop } = await started();
    const installed = site.files();
    const refused = await site.uninstall();
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining(`process ${pid}`)]);
    expect(site.files()).toEqual(installed);
    expect(await stop()).toBe(0);
    expect(await site.uninstall()).toMatchObject({ exitCode: 0 });
    expect(site.contents()).toEqual(before);
    expect(existsSync(site.node.path("/run/pod-qos-install"))).toBe(false);
  });

  test("installs and uninstalls at once: each ends well, one after the other", async () => {
    const done = await Promise.all([site.install(), site.uninstall(), site.install(), site.install()]);
    expect(done.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(done.map(() => [0, ""]));
    expect(await site.install()).toMatchObject({ exitCode: 0 });
    expect(chain()).toEqual(["flannel", "portmap", "pod-qos"]);
  });
});

test("SIGTERM changes nothing and ends it with 0, at rest and at any moment before", async () => {
  const { stop } = await started();
  const installed = site.files();
  expect(await stop()).toBe(0);
  expect(site.files()).toEqual(installed);
  await site.uninstall();
  const before = site.contents();
  for (const afterMs of [0, 150, 400]) {
    watch = startWatch(site);
    const { log } = watch;
    await until("it has begun", () => existsSync(site.node.path("/run/pod-qos-install/keeper")), 10_000);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    expect(await watch.stop(), log()).toBe(0);
    const names = readdirSync(site.node.path(confDir));
    expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(await site.uninstall()).toMatchObject({ exitCode: 0 });
    expect(site.contents()).toEqual(before);
  }
});
