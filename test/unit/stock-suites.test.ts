/** What only a stock kernel can run is run on one. */
import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { KERNEL_DECIDES } from "../vm/stock-suites.ts";

/** They ask for a feature that the small kernel has too, or ask which kernel it is and hold for both. */
const ON_ANY_KERNEL: ReadonlySet<string> = new Set([
  "test/e2e/change.test.ts",
  "test/e2e/demo-files.test.ts",
  "test/e2e/explain-add.test.ts",
  "test/e2e/former.test.ts",
  "test/e2e/lifecycle-cooperation.test.ts",
  "test/e2e/uplink-speed.test.ts",
  "test/traffic/change.test.ts",
]);

/** An emulated processor sends less than their floods need, or takes too long: the VM runs them with POD_QOS_FULL=1 alone. */
const ONLY_IN_FULL: ReadonlySet<string> = new Set(["test/traffic/rules-police.test.ts"]);

test("every file that asks for a kernel feature is among those that the VM runs", () => {
  const asking = globSync("test/{kernel,e2e,traffic}/*.test.ts").filter((file) =>
    /features: ?\[|hasFeature\(/.test(readFileSync(file, "utf8")),
  );
  expect(asking.length).toBeGreaterThan(0);
  const listed = [KERNEL_DECIDES, ON_ANY_KERNEL, ONLY_IN_FULL];
  expect(asking.filter((file) => !listed.some((files) => files.has(file)))).toEqual([]);
});

test("every file that the VM runs is there", () => {
  const files = new Set(globSync("test/{kernel,e2e,traffic}/*.test.ts"));
  expect([...KERNEL_DECIDES].filter((file) => !files.has(file))).toEqual([]);
});
