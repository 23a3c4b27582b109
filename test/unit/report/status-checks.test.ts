import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseConf } from "../../../plugin/cni/conf.ts";
import { statusChecks } from "../../../plugin/report/status-checks.ts";

const root = mkdtempSync(join(tmpdir(), "pod-qos-checks-"));
writeFileSync(join(root, "file"), "");
afterAll(() => rmSync(root, { recursive: true }));

const uplink = (rate: string, device = "lo"): object => ({
  device,
  rate: "1M",
  default: "all",
  classes: { all: { rate } },
});

async function failing(conf: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  const parsed = parseConf({ type: "pod-qos", name: "podnet", stateDir: root, ...conf }, "podnet");
  const names: string[] = [];
  for (const { name, check } of statusChecks) {
    try {
      await check(parsed);
    } catch {
      names.push(name);
    }
  }
  return names;
}

describe("what keeps a node from serving ADD is found by the check that is about it, and by no other:", () => {
  it.each<readonly [string, readonly string[], object]>([
    ["nothing", [], { defaults: { egressBandwidth: "1M" } }],
    ["a cap", ["caps"], { defaults: { egressBandwidth: "fast" } }],
    ["a rule", ["rules"], { egress: [{ dscp: 64 }] }],
    ["classes that do not fit", ["classes", "uplink"], { uplink: uplink("2M") }],
    ["a link that is not there", ["uplink"], { uplink: uplink("1M", "nolink0") }],
    ["manifests", ["manifests"], { policyDir: join(root, "none") }],
    ["a file for a state directory", ["state"], { stateDir: join(root, "file") }],
  ])("%s", async (_, names, conf) => {
    const [found, lacking] = [await failing({ ...conf }), await failing({})];
    // What this machine itself lacks is not asked here.
    expect(found.filter((name) => name !== "tools")).toEqual(names);
    expect(lacking.filter((name) => name !== "tools")).toEqual([]);
  });

  it("has a name for each", () => {
    expect(new Set(statusChecks.map(({ name }) => name)).size).toBe(statusChecks.length);
  });
});
