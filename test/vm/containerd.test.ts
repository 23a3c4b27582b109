/** A real containerd and runc start a pod through the chain, on a stock kernel, as the kubelet would ask them to. */
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runInVm } from "../../scripts/lab/vm/boot.ts";
import { requireFeatures } from "../../scripts/lab/vm/features.ts";
import type { Report } from "./containerd/guest.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const NODE = join(ROOT, "node_modules/.bin/node");
const GUEST = join(import.meta.dirname, "containerd/guest.ts");
const EXECUTABLE = resolve(ROOT, process.env["POD_QOS_EXECUTABLE"] ?? "dist/pod-qos");

const EGRESS_MBIT = 10;
const INGRESS_MBIT = 20;

/** Where each cap must be found: shaping from the pod is always inside it, to the pod at the host end if there is one. */
const CHAINS = [
  { chain: "bridge", ingressAt: "nodeClasses", ingressDevice: /^veth/ },
  { chain: "ipvlan", ingressAt: "podClasses", ingressDevice: /^(?!eth0$)/ },
] as const;

describe.each(CHAINS)("containerd with a $chain chain", ({ chain, ingressAt, ingressDevice }) => {
  let report: Report;

  beforeAll(async () => {
    requireFeatures("containerd");
    accessSync(EXECUTABLE, constants.X_OK);
    const command = [NODE, GUEST, chain, EXECUTABLE];
    const outFolder = mkdtempSync(join(tmpdir(), `pod-qos-containerd-${chain}-`));
    try {
      const { exitCode, output } = await runInVm({ command, cwd: ROOT, outFolder, timeoutMs: 900_000 });
      expect(exitCode, `${output}\n${containerdLog(outFolder)}`).toBe(0);
      report = JSON.parse(readFileSync(join(outFolder, "report.json"), "utf8")) as Report;
    } finally {
      rmSync(outFolder, { recursive: true });
    }
  });

  test("the sandbox is ready and has an address", () => {
    expect(report).toMatchObject({ ready: true, address: expect.stringMatching(/^192\.0\.2\./) });
  });

  test("the caps are in the kernel", () => {
    expect(report.podClasses).toContainEqual({ device: "eth0", mbit: EGRESS_MBIT });
    const device = expect.stringMatching(ingressDevice);
    expect(report[ingressAt]).toContainEqual({ device, mbit: INGRESS_MBIT });
  });

  test("traffic is held to the caps", () => {
    const fastest = [
      Math.max(...report.speeds.fromPod) / EGRESS_MBIT,
      Math.max(...report.speeds.toPod) / INGRESS_MBIT,
    ];
    for (const ratio of fastest) {
      expect(ratio).toBeGreaterThan(0.8);
      expect(ratio).toBeLessThan(1.1);
    }
  });

  test("what leaves the pod is marked", () => {
    expect(report.marks.expedited).toBeGreaterThan(100);
    expect(report.marks.other).toBe(0);
  });

  test("nothing is left after the pod", () => {
    expect(report.after).toBe(report.before);
  });
});

function containerdLog(outFolder: string): string {
  const file = join(outFolder, "containerd.log");
  return existsSync(file) ? readFileSync(file, "utf8").slice(-4000) : "";
}
