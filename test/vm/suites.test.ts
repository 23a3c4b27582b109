/** The kernel and e2e tiers once more, on a stock kernel: fq_codel, act_police, ipvlan and the rest are real there. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT, runSuites } from "./guest-suites.ts";

/** What a kernel decides. The rest of the e2e tier is the same on any, and takes hours under emulation. */
const KERNEL_DECIDES = [
  "chain-conflists",
  "chain-ipvlan",
  "check-drift",
  "rules-upstream",
  "traffic-caps",
  "traffic-stock",
  "uplink-stock",
];

const full = process.env["POD_QOS_FULL"] === "1";
const runs = (file: string): boolean => full || KERNEL_DECIDES.some((name) => file.startsWith(name));
const testsIn = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder)).filter((file) => file.endsWith(".test.ts"));
const suites = testsIn("test/e2e");

/** Run while this file is read, so that each test in the VM stands in the report of this machine as well. */
const results = await runSuites([
  ...testsIn("test/kernel").map((file) => `test/kernel/${file}`),
  ...suites.filter(runs).map((file) => `test/e2e/${file}`),
]);

describe.each(results)("on a stock kernel, $file", ({ tests }) => {
  for (const { title, status, messages } of tests) {
    // scripts/setup/summary.ts knows it by these words.
    const again = status === "passed" && messages.length > 0 ? ", when tried again" : "";
    if (status === "passed" || status === "failed") {
      test(title + again, () => expect(status, messages.join("\n")).toBe("passed"));
    } else test.skip(title);
  }
});

const left = suites.filter((file) => !runs(file));
test.skip.each(left)("not run: on a stock kernel test/e2e/%s, needs POD_QOS_FULL=1", () =>
  expect.unreachable(),
);
