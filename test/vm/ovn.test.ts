/** Pods on ports of a real Open vSwitch, driven by Debian's OVN: what OVS leaves alone, and what another node sees of a mark. */
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runInVm } from "../../scripts/lab/vm/boot.ts";
import { requireFeatures } from "../../scripts/lab/vm/features.ts";
import { readConflist } from "../lab/plugin/chain.ts";
import { conflistPath } from "../lab/plugin/chain-sites.ts";
import { pluginPath } from "../lab/node/paths.ts";
import { within } from "../lab/measure/twice.ts";
import type { Traffic } from "./ovn/exchange.ts";
import type { Hop } from "./ovn/guide.ts";
import type { Report } from "./ovn/guest.ts";
import { EGRESS_MBIT, INGRESS_MBIT, STAGES } from "./ovn/survival.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const NODE = join(ROOT, "node_modules/.bin/node");
const GUEST = join(import.meta.dirname, "ovn/guest.ts");

const OURS = ["shape", "police"] as const;
/** To TCP port 443 and to UDP, v4 and v6. */
const MARKS = [46, 20, 46, 20];

let report: Report;
beforeAll(async () => {
  requireFeatures("ovs", "ovn");
  accessSync(pluginPath(), constants.X_OK);
  const outFolder = mkdtempSync(join(tmpdir(), "pod-qos-ovn-"));
  try {
    const command = [NODE, GUEST];
    const env = { POD_QOS_BIN: pluginPath() };
    const { exitCode, output } = await runInVm({ command, cwd: ROOT, env, outFolder, timeoutMs: 900_000 });
    expect(exitCode, output).toBe(0);
    report = JSON.parse(readFileSync(join(outFolder, "report.json"), "utf8")) as Report;
  } finally {
    rmSync(outFolder, { recursive: true });
  }
});

describe("the conflist for ovn-kubernetes", () => {
  test("wraps the plugin of its default network and is read before the file that ovnkube writes", () => {
    const file = "05-ovn-kubernetes.conflist";
    expect([file, "10-ovn-kubernetes.conf"].toSorted()[0]).toBe(file);
    expect(readConflist(conflistPath(file))).toMatchObject({
      name: "ovn-kubernetes",
      plugins: [{ type: "ovn-k8s-cni-overlay" }, { type: "pod-qos" }],
    });
  });

  test("002-2 of the guide's NAD has all of its config, which passes through the chain with the result unchanged", () => {
    const { plugins, ...list } = readConflist(conflistPath("20-ovn-stream.conflist"));
    expect({ ...list, ...plugins[0] }).toEqual({
      cniVersion: "1.0.0",
      name: "ovn-stream",
      type: "ovn-k8s-cni-overlay",
      topology: "layer3",
      subnets: "10.245.0.0/16/24",
      mtu: 1300,
      master: "eth1",
      netAttachDefName: "default/ovn-stream",
    });
    const { guide } = report;
    expect(guide.mtu).toBe(1300);
    expect(guide.externalIds).toContain('"k8s.ovn.org/nad"="default/ovn-stream"');
    const hostEnd = expect.stringMatching(/^[0-9a-f]{13}_\d$/);
    const interfaces = [{ name: hostEnd }, { name: "eth1", sandbox: "/run/netns/pod1" }];
    expect(guide.result).toMatchObject({
      interfaces,
      ips: [{ interface: 1, address: "10.245.4.3/24" }, { interface: 1 }],
    });
    expect(guide.result?.interfaces?.length).toBe(2);
  });
});

describe("on a port of Open vSwitch", () => {
  test.each(OURS)(
    "004-6 %s: all of pod-qos is in the pod, and stays as it is through port changes and a restart of vswitchd",
    (discipline) => {
      const { looks, check } = report.survival[discipline];
      const [made] = looks;
      expect(made?.pod).toContain(discipline === "shape" ? "htb 905:" : "police");
      expect(made?.pod).toContain("--set-dscp 0x2e");
      expect(looks).toEqual(STAGES.map((stage) => ({ stage, pod: made?.pod, hostEnd: ["noqueue"] })));
      expect(check).toBe(0);
    },
  );

  test.each(OURS)("%s: marks arrive at the other pod, v4 and v6, before and after", (discipline) => {
    const { first, last } = report.survival[discipline];
    expect([first.marks, last.marks]).toEqual([MARKS, MARKS]);
  });

  test.each(OURS)("004-2 004-3 004-5 %s: both caps hold at once, before and after", (discipline) => {
    const { first, last } = report.survival[discipline];
    expect([...held(first), ...held(last)]).toEqual([]);
  });

  test("the queues of the bandwidth plugin, at the node's end, do not survive: first what it polices, then the shaper", () => {
    const { looks, first, last } = report.survival["bandwidth plugin"];
    expect(held(first)).toEqual([]);
    expect(looks.map(({ hostEnd }) => hostEnd.toSorted())).toEqual([
      ["ingress", "tbf"],
      ["tbf"],
      ["noqueue"],
    ]);
    expect(last.egress / EGRESS_MBIT).toBeGreaterThan(2);
    expect(last.ingress / INGRESS_MBIT).toBeGreaterThan(2);
  });

  test('"enforce": "host" is refused with 102', () => {
    const { code, msg } = JSON.parse(report.refusal) as { readonly code: number; readonly msg: string };
    expect([code, msg]).toEqual([102, expect.stringContaining("is an Open vSwitch port")]);
  });

  test("DEL leaves nothing on the node", () => {
    expect(report.after).toBe(report.before);
  });
});

describe("the guide on its secondary network", () => {
  const MARKED = ["outer 50, inner 50"];
  const PLAIN = ["outer 0, inner 0"];

  test("002-28 002-30 002-31 002-32 002-33 between labelled pods of two nodes: tos 0x50 both ways, in the pod's packet and around it", () => {
    expect(seen("inherited", "pod1 to pod2", "request", 4)).toEqual(MARKED);
    expect(seen("inherited", "pod1 to pod2", "reply", 4)).toEqual(MARKED);
  });

  test("002-29 of pod0, which has no label, the request has tos 0, and pod2's reply 0x50", () => {
    expect(seen("inherited", "pod0 to pod2", "request", 4)).toEqual(PLAIN);
    expect(seen("inherited", "pod0 to pod2", "reply", 4)).toEqual(MARKED);
  });

  test("001-20 without encap-tos=inherit, OVN's default, the mark stays inside", () => {
    expect(seen("byDefault", "pod1 to pod2", "request", 4)).toEqual(["outer 0, inner 50"]);
  });

  test("a rule for 0.0.0.0/0 does not speak of IPv6", () => {
    expect(seen("inherited", "pod1 to pod2", "request", 6)).toEqual(PLAIN);
  });

  test("002-16 002-26 002-27 pod1 receives from pod0 what there is, from pod2 20 Mbit/s", () => {
    // One emulated CPU switches it all: what there is, is not much.
    expect(report.guide.fromPod0).toBeGreaterThan(2 * report.guide.fromPod2);
    // With the guide's burst of 100 kilobits a TCP flow does not reach the rate.
    expect(report.guide.fromPod2).toBeGreaterThan(12);
    expect(report.guide.fromPod2).toBeLessThan(21);
  });
});

/** What is wrong with the speeds. How near to its cap a flow comes other tests say: here one emulated CPU switches both. */
function held({ egress, ingress }: Traffic): readonly string[] {
  return [
    ...within("egress", egress / EGRESS_MBIT, 0.4, 1.06),
    ...within("ingress", ingress / INGRESS_MBIT, 0.4, 1.06),
  ];
}

/** What the packets of a ping looked like, each look once: the tos byte of the tunnel's packet and of the one inside. */
function seen(
  from: "byDefault" | "inherited",
  ping: Hop["ping"],
  is: Hop["is"],
  family: 4 | 6,
): readonly string[] {
  const hops = report.guide[from].filter(
    (hop) => hop.ping === ping && hop.is === is && hop.family === family,
  );
  return [
    ...new Set(hops.map(({ outer, inner }) => `outer ${outer.toString(16)}, inner ${inner.toString(16)}`)),
  ];
}
