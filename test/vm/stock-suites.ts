/** Files of the kernel, e2e and traffic tiers once more, on a stock kernel: fq_codel, act_police, ipvlan and the rest are real there. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT, runSuites } from "./guest-suites.ts";

/** What a kernel decides. The rest is the same on any, and takes hours under emulation. */
export const KERNEL_DECIDES: ReadonlySet<string> = new Set([
  "test/e2e/chain-ipvlan.test.ts",
  "test/e2e/check-drift.test.ts",
  "test/e2e/foreign-filters.test.ts",
  "test/e2e/mtu-raised.test.ts",
  "test/e2e/uplink-own-rules.test.ts",
  "test/e2e/uplink-stock.test.ts",
  "test/kernel/drivers.test.ts",
  "test/kernel/facts.test.ts",
  "test/kernel/round-trip.test.ts",
  "test/traffic/caps.test.ts",
  "test/traffic/chain-conflists.test.ts",
  "test/traffic/chain-ipvlan-traffic.test.ts",
  "test/traffic/mtu-raised.test.ts",
  "test/traffic/rules-upstream.test.ts",
  "test/traffic/show-drops.test.ts",
  "test/traffic/stock.test.ts",
]);

/** Runs them while the caller is read, so that each test in the VM stands in the report of this machine as well. */
export const testOnStockKernel = async (...folders: readonly string[]): Promise<void> => {
  const files = folders.flatMap(testsIn);
  const results = await runSuites(files.filter(runs));
  describe.each(results)("on a stock kernel, $file", ({ tests }) => {
    for (const { title, status, messages } of tests) {
      // scripts/setup/summary.ts knows it by these words.
      const again = status === "passed" && messages.length > 0 ? ", when tried again" : "";
      if (status === "passed" || status === "failed") {
        test(title + again, () => expect(status, messages.join("\n")).toBe("passed"));
      } else test.skip(title);
    }
  });
  const left = files.filter((file) => !runs(file));
  test.skip.each(left)("not run: on a stock kernel %s, needs POD_QOS_FULL=1", () => expect.unreachable());
};

const testsIn = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder))
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => `${folder}/${file}`);

const full = process.env["POD_QOS_FULL"] === "1";

const runs = (file: string): boolean => full || KERNEL_DECIDES.has(file);
