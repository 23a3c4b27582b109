/** What the stock kernel must be able to do, or the suites on it would show little. From a project under /tmp, as CI may have it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runInVm } from "../../scripts/lab/vm/boot.ts";
import { KERNEL_FEATURES, featuresScript } from "./kernel-features.ts";

describe("a stock kernel has", () => {
  const cwd = mkdtempSync(join(tmpdir(), "pod-qos-features,"));
  afterAll(() => rmSync(cwd, { recursive: true }));

  let output = "";
  beforeAll(async () => {
    writeFileSync(join(cwd, "features.sh"), featuresScript(KERNEL_FEATURES));
    output = (await runInVm({ command: ["sh", "features.sh"], cwd, timeoutMs: 600_000 })).output;
  });

  test.each(KERNEL_FEATURES)("$name", ({ name }) => {
    expect(output.split("\n"), output).toContain(`ok ${name}`);
  });
});
