/** 000-4, 000-5 install --watch killed at random moments: the next run ends in the same place, and no chain is torn meanwhile. */
import { renameSync, writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../lab/agent/agent.ts";
import { confDir, installSite, type InstallSite } from "../lab/install/install-site.ts";
import {
  isThere,
  pathOf,
  putInPieces,
  putPlugins,
  putWhole,
  remove,
  sampleChain,
  startWatch,
} from "../lab/install/install-watch.ts";
import { repetitions } from "../lab/measure/repetitions.ts";
import { seed, seedSaid } from "../lab/measure/seed.ts";

const primary = "10-flannel.conflist";
const away = "10-flannel.elsewhere";

let site: InstallSite;
beforeEach(async () => {
  site = await installSite("flannel");
  putPlugins(site, "flannel", "portmap");
});
afterEach(() => site[Symbol.asyncDispose]());

const runs = fc.sample(
  fc.record({
    isFresh: fc.boolean(),
    lifeMs: fc.nat(1_500),
    deeds: fc.array(fc.record({ deed: fc.nat(4), afterMs: fc.nat(150) }), { minLength: 20, maxLength: 20 }),
    next: fc.constantFrom("install", "watch"),
  }),
  { seed, numRuns: repetitions(40) },
);

test("at a random moment of its work", { timeout: 300_000 }, async () => {
  const text = site.read(primary);
  const other = text.replace('"hairpinMode": true', '"hairpinMode": false');
  const deeds: readonly (() => unknown)[] = [
    () => putWhole(site, primary, other),
    // Where ours is away, a torn one would be the first, by the primary's own doing.
    () => isThere(site, "09-pod-qos.conflist") && putInPieces(site, primary, text),
    () => isThere(site, primary) && renameSync(pathOf(site, primary), pathOf(site, away)),
    () => isThere(site, away) && renameSync(pathOf(site, away), pathOf(site, primary)),
    () => remove(site, "09-pod-qos.conflist"),
  ];
  const removal = deeds.length - 1;
  writeFileSync(site.node.path("/run/entry.json"), '{"type":"pod-qos","logLevel":"warn"}');
  const install = async (): Promise<void> =>
    expect(await site.install("--entry", "/run/entry.json")).toMatchObject({ exitCode: 0 });
  await install();
  const wanted = site.contents();

  for (const run of runs) {
    const said = `${seedSaid} ${JSON.stringify(run)}`;
    const entry = run.isFresh ? ["--entry", "/run/entry.json"] : [];
    if (run.isFresh) expect(await site.uninstall(), said).toMatchObject({ exitCode: 0 });
    const samples = sampleChain(site);
    const watch = startWatch(site, ...entry);
    const endMs = performance.now() + run.lifeMs;
    for (const { deed, afterMs } of run.deeds) {
      await new Promise((resolve) =>
        setTimeout(resolve, Math.max(0, Math.min(afterMs, endMs - performance.now()))),
      );
      if (performance.now() >= endMs) break;
      // An entry that stands nowhere else would be gone with it.
      if (run.isFresh || deed !== removal) await deeds[deed]?.();
    }
    await watch.kill();
    if (isThere(site, away)) remove(site, away);
    putWhole(site, primary, text);
    if (run.next === "install") {
      expect(await site.install(...entry), said).toMatchObject({ exitCode: 0 });
    } else {
      const next = startWatch(site, ...entry);
      await until(said, () => next.log().includes(confDir), 15_000);
      expect(await next.stop(), said).toBe(0);
    }
    expect(samples().faults, `${said}\n${watch.log()}`).toEqual([]);
    expect(site.contents(), `${said}\n${watch.log()}`).toEqual(wanted);
  }
});
