/** The kernel and e2e suites once more, on a stock kernel: fq_codel, act_police, ipvlan and the rest are real there. */
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runInVm } from "../../scripts/lab/vm/boot.ts";
import { KERNEL_FEATURES, featuresScript } from "./kernel-features.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const BIN = join(ROOT, "node_modules/.bin");
const PEERS = resolve(ROOT, process.env["POD_QOS_PEERS"] ?? ".cache/peers/bin");
const ENV = {
  PATH: `${BIN}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
  POD_QOS_PEERS: PEERS,
};

describe("a stock kernel has", () => {
  let output = "";
  beforeAll(async () => {
    const command = ["sh", "-c", featuresScript(KERNEL_FEATURES)];
    output = (await runInVm({ command, cwd: ROOT, timeoutMs: 180_000 })).output;
  });

  test.each(KERNEL_FEATURES)("$name", ({ name }) => {
    expect(output.split("\n"), output).toContain(`ok ${name}`);
  });
});

/**
 * Under emulation everything takes five to ten times as long, an hour for all of it. POD_QOS_FULL=1 runs the kernel tier and
 * those files of the e2e tier whose answers depend on the kernel; without it they are reported as not run.
 */
const KERNEL_DEPENDENT = [
  "check-drift",
  "check-tolerance",
  "lifecycle-add",
  "lifecycle-cooperation",
  "bandwidth-plugin",
  "chain-ipvlan",
  "traffic-stock",
].map((name) => `test/e2e/${name}`);

const SUITES = [
  { name: "kernel", filters: [] },
  { name: "e2e", filters: KERNEL_DEPENDENT },
] as const;

const full = process.env["POD_QOS_FULL"] === "1";

describe("on a stock kernel passes the suite", () => {
  test.skipIf(full)("not run: kernel and e2e need POD_QOS_FULL=1", ({ skip }) => skip());

  test.skipIf(!full).each(SUITES)("$name", async ({ name, filters }) => {
    const command = [join(BIN, "vitest"), "run", "--project", name, "--no-color", ...filters];
    const { exitCode, output, bootSeconds } = await runInVm({
      command,
      cwd: ROOT,
      env: ENV,
      timeoutMs: 1_700_000,
    });
    console.log(`${name} on a stock kernel, booted in ${bootSeconds} s:\n${summary(output)}`);
    expect(exitCode, output).toBe(0);
  });
});

/** vitest's own closing lines. */
function summary(output: string): string {
  const at = output.lastIndexOf("Test Files");
  return at < 0 ? output.slice(-2000) : output.slice(output.lastIndexOf("\n", at) + 1).trimEnd();
}
