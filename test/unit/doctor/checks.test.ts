/** Each check finds what it is about, in the facts of a node where that alone is broken, and no other does. */
import { describe, expect, it } from "vitest";
import { checks, diagnose, exitCodeOf } from "../../../plugin/cli/doctor/checks.ts";
import type { TextFile } from "../../../plugin/cni/chain-file.ts";
import type { JsonObject } from "../../../plugin/cni/fields.ts";
import { parseUplink } from "../../../plugin/cni/uplink.ts";
import { messageOf } from "../../../plugin/errors.ts";
import { validateUplink } from "../../../plugin/policy/uplink/uplink.ts";
import type { AskedUplink, Facts } from "../../../plugin/cli/doctor/facts.ts";
import { jsonOf, textOf } from "../../../plugin/cli/doctor/text.ts";
import { capabilities, chainOfFiles, file, flannel, ours, runtime, well, withChain } from "./well.ts";

const fault = { message: "that cannot be", details: "" };
const node = (changes: Partial<Facts["node"]>): Facts => ({ ...well, node: { ...well.node, ...changes } });
const chain = (changes: Partial<Facts["chain"]>): Facts => withChain({ ...well.chain, ...changes });
const files = (...args: readonly TextFile[]): Facts => withChain(chainOfFiles(...args));
const conf = (faults: Facts["conf"]["faults"], entry = well.conf.entry, more: object = {}): Facts => ({
  ...well,
  conf: { entry, faults, ...more },
});
const agent = (changes: Partial<Facts["agent"]>): Facts => ({
  ...well,
  agent: { ...well.agent, ...changes },
});
const state = (changes: Partial<Facts["state"]>): Facts => ({
  ...well,
  state: { ...well.state, ...changes },
});
const asked = (changes: Partial<AskedUplink>): Facts => ({
  ...well,
  uplink: { ...well.uplink, asked: { ...(well.uplink.asked as AskedUplink), ...changes } },
});
const drifted = (device: string, isRestorable = true): Facts["uplink"]["drift"][number] => ({
  device,
  faults: ["one", "two"],
  isRestorable,
});
/** With what the decision says of them. */
const ofClasses = (classes: JsonObject): Facts => {
  const uplink = { device: "eth0", rate: "100M", default: "default", classes };
  let message = "";
  try {
    validateUplink(parseUplink("uplink", uplink));
  } catch (error) {
    message = messageOf(error);
  }
  return conf({ classes: { message, details: "" } }, { ...ours, uplink });
};
const primary = file("10-flannel.conflist", flannel);
const copy = (sha256: string) => ({
  name: "09-pod-qos.conflist",
  text: JSON.stringify({
    name: "podnet",
    plugins: [flannel, ours],
    "pod-qos": { from: primary.name, sha256 },
  }),
});

type Row = readonly [
  id: string,
  facts: Facts,
  grade: "warning" | "error" | "unseen",
  mend: string | undefined,
];
const rows: readonly Row[] = [
  [
    "runtime-answers",
    { ...well, runtime: { answers: false, fault: "ECONNREFUSED", service: "k3s" } },
    "unseen",
    "systemctl restart k3s",
  ],
  [
    "runtime-answers",
    { ...well, runtime: { answers: false, fault: "none", service: undefined } },
    "unseen",
    undefined,
  ],
  ["runtime-version", runtime({ version: "1.4.13" }), "error", undefined],
  ["runtime-version", runtime({ name: "cri-o", version: "1.28.4", reportsChain: false }), "error", undefined],
  [
    "runtime-directories",
    runtime({ confDir: "/etc/k3s" }),
    "warning",
    "pod-qos doctor --conf-dir /etc/k3s --bin-dir /opt/cni/bin",
  ],
  ["runtime-directories", runtime({ binDirs: ["/usr/lib/cni"] }), "warning", "--bin-dir /usr/lib/cni"],
  [
    "runtime-ready",
    runtime({ notReady: "cni plugin not initialized", chains: [] }),
    "error",
    "echo >/etc/cni/net.d/.pod-qos.tmp && rm /etc/cni/net.d/.pod-qos.tmp",
  ],
  ["runtime-ready", runtime({ fault: "no network config found" }), "error", "rm /etc/cni/net.d/.pod-qos.tmp"],
  [
    "runtime-loaded",
    runtime({ chains: [{ network: "podnet", plugins: [flannel] }] }),
    "error",
    "rm /etc/cni/net.d/.pod-qos.tmp",
  ],
  [
    "runtime-loaded",
    runtime({ chains: [{ network: "cbr0", plugins: [flannel, ours] }] }),
    "error",
    "rm /etc/cni/net.d/.pod-qos.tmp",
  ],
  [
    "runtime-loaded",
    runtime({ chains: [{ network: "podnet", plugins: [flannel, { ...ours, enforce: "pod" }] }] }),
    "error",
    "rm /etc/cni/net.d/.pod-qos.tmp",
  ],
  ["node-system", node({ system: "talos", hasGlibc: false, missing: ["tc"] }), "error", undefined],
  ["node-libc", node({ hasGlibc: false }), "error", undefined],
  [
    "node-tools",
    node({ missing: ["nsenter", "tc"], tc: undefined }),
    "error",
    "apt-get install -y util-linux iproute2",
  ],
  [
    "node-tools",
    node({ missing: ["ip6tables-restore", "ipset"] }),
    "warning",
    "apt-get install -y iptables ipset",
  ],
  ["node-tools", node({ missing: ["ipset"], system: "fedora", hasApt: false }), "warning", undefined],
  ["node-tc", node({ tc: "BusyBox v1.36 multi-call binary." }), "error", "iproute2"],
  [
    "node-iptables",
    node({ iptables: [{ family: "ip6tables", variant: "nft", otherRules: 2 }] }),
    "warning",
    undefined,
  ],
  [
    "node-iptables",
    node({ iptables: [{ family: "iptables", variant: "legacy", otherRules: 1 }] }),
    "warning",
    undefined,
  ],
  ["node-kernel", node({ kernelFault: "no clsact" }), "error", "modprobe -a sch_ingress"],
  ["chain-conf", chain({ files: [], fault: "EACCES" }), "unseen", undefined],
  ["chain-conf", files(), "error", undefined],
  [
    "chain-conf",
    files({ name: "05-x.conf", text: "" }),
    "error",
    "mv /etc/cni/net.d/05-x.conf /etc/cni/net.d/05-x.conf.broken",
  ],
  [
    "chain-cilium",
    files(primary, { ...copy(""), name: "05-x.conflist.cilium_bak" }),
    "error",
    "mv /etc/cni/net.d/05-x.conflist.cilium_bak /etc/cni/net.d/05-x.conflist",
  ],
  [
    "chain-unread",
    files(primary, file("20-x.conflist", flannel, ours)),
    "error",
    "rm -f /etc/cni/net.d/20-x.conflist",
  ],
  [
    "chain-drop-in",
    chain({
      files: [primary],
      dropIns: [{ directory: "other", name: "x.conf", text: JSON.stringify(ours) }],
    }),
    "error",
    "rm -f /etc/cni/net.d/other/x.conf",
  ],
  [
    "chain-drop-in",
    chain({
      files: [primary],
      dropIns: [{ directory: "podnet", name: "x.conf", text: JSON.stringify(ours) }],
      withoutDropIns: "containerd 1.7.0 reads none",
    }),
    "error",
    "rm -f /etc/cni/net.d/podnet/x.conf",
  ],
  [
    "chain-missing",
    files(primary),
    "error",
    "/usr/bin/pod-qos install --conf-dir /etc/cni/net.d --bin-dir /opt/cni/bin",
  ],
  ["chain-twice", files(file("10-x.conflist", flannel, ours, ours)), "error", "/etc/cni/net.d/10-x.conflist"],
  [
    "chain-last",
    files(file("10-x.conflist", flannel, ours, { type: "portmap" })),
    "warning",
    "/etc/cni/net.d/10-x.conflist",
  ],
  [
    "chain-bandwidth",
    chain({
      files: [file("10-x.conflist", flannel, { type: "bandwidth", ingressRate: 5e6 }, ours)],
      executables: ["flannel", "bandwidth", "pod-qos"],
    }),
    "error",
    '"ingressRate": 5000000',
  ],
  [
    "chain-capabilities",
    conf({}, { ...ours, capabilities: {} }),
    "error",
    "io.kubernetes.cri.pod-annotations",
  ],
  [
    "chain-capabilities",
    conf({}, { ...ours, capabilities: { ...capabilities, bandwidth: false } }),
    "warning",
    '"bandwidth": true',
  ],
  ["chain-entry", conf({ conf: fault }), "error", undefined],
  ["chain-entry", conf({ rules: fault }), "error", undefined],
  ["chain-stale", files(copy("00"), primary), "error", "/usr/bin/pod-qos install --conf-dir"],
  ["chain-stale", files(copy("00")), "error", "rm -f /etc/cni/net.d/09-pod-qos.conflist"],
  [
    "chain-executable",
    chain({ executables: ["flannel"], version: undefined }),
    "error",
    "install -D -m 0755 /usr/bin/pod-qos /opt/cni/bin/.pod-qos/pod-qos",
  ],
  ["chain-executable", chain({ version: undefined }), "error", "install -D -m 0755 /usr/bin/pod-qos"],
  ["chain-plugins", chain({ executables: ["pod-qos"] }), "error", undefined],
  [
    "agent-running",
    agent({ pid: undefined, version: undefined }),
    "warning",
    "kubectl -n pod-qos-system delete pod",
  ],
  [
    "agent-running",
    agent({ pid: undefined, version: undefined, followsApi: false }),
    "warning",
    "agent --no-api --state-dir /run/pod-qos",
  ],
  [
    "agent-running",
    {
      ...agent({ pid: undefined, everRan: false }),
      conf: { entry: { ...ours, agent: "required" }, faults: {} },
    },
    "error",
    "kubectl",
  ],
  ["agent-version", agent({ version: "0.1.0" }), "warning", "kubectl -n pod-qos-system delete pod"],
  [
    "agent-version",
    agent({ version: "0.1.0", followsApi: false }),
    "warning",
    "kill 4711 && setsid --fork /opt/cni/bin/pod-qos agent --no-api",
  ],
  [
    "agent-version",
    agent({ version: "0.1.0", followsApi: false, args: ["agent", "--no-api", "--install"] }),
    "warning",
    "/opt/cni/bin/pod-qos agent --no-api --install >/dev/null",
  ],
  ["state-directory", conf({ state: fault }), "error", "mkdir -p -m 0700 /run/pod-qos"],
  [
    "state-owner",
    state({ places: [{ path: "/run/pod-qos", uid: 0, mode: 0o40702 }] }),
    "error",
    "chmod go-w /run/pod-qos",
  ],
  [
    "state-owner",
    state({ places: [{ path: "/run/pod-qos", uid: 1000, mode: 0o40700 }] }),
    "error",
    "chown root /run/pod-qos",
  ],
  ["state-records", state({ unreadable: ["/run/a b.json"] }), "error", "rm -f '/run/a b.json'"],
  [
    "state-manifests",
    conf({ manifests: fault }, { ...ours, policyDir: "/p" }, { hasPolicyDir: false }),
    "error",
    "mkdir -p /p",
  ],
  ["state-manifests", conf({ manifests: fault }, { ...ours, policyDir: "/p" }), "error", undefined],
  ["uplink-classes", conf({ classes: fault, uplink: fault }), "error", undefined],
  ["uplink-classes", ofClasses({ default: { rate: "100M" }, a: { rate: "100M" } }), "error", '"50000000"'],
  // A default class without a rate is guaranteed 1000 bit/s at least.
  ["uplink-classes", ofClasses({ default: {}, a: { rate: "100M" } }), "error", '"99999000"'],
  ["uplink-classes", ofClasses({ default: {}, a: { rate: "150M" }, b: { rate: "1k" } }), "error", undefined],
  ["uplink-classes", ofClasses({ default: {}, a: { rate: "150M", dscp: 0 } }), "error", undefined],
  ["uplink-link", conf({ uplink: fault }), "error", undefined],
  ["uplink-speed", asked({ speed: 100e6 }), "warning", undefined],
  ["uplink-root", asked({ foreign: "qdisc tbf 8: root" }), "error", "tc qdisc del dev eth0 root"],
  ["uplink-root", asked({ fault: "tc was ended" }), "unseen", undefined],
  [
    "uplink-drift",
    { ...well, uplink: { ...well.uplink, drift: [drifted("eth0")] } },
    "error",
    "/opt/cni/bin/pod-qos uplink restore eth0",
  ],
  [
    "uplink-drift",
    { ...well, uplink: { ...well.uplink, drift: [drifted("eth1", false), drifted("eth0")] } },
    "error",
    "uplink remove eth1 --state-dir /run/pod-qos; /opt/cni/bin/pod-qos uplink restore eth0",
  ],
  [
    "pods-ended",
    { ...well, pods: { ended: [{ pod: "prod/web-1", network: "podnet" }] } },
    "warning",
    "CNI_COMMAND=GC",
  ],
];

describe("doctor", () => {
  it("finds nothing where all is well", () => {
    const all = diagnose(well);
    expect(all.filter(({ finding }) => finding !== undefined)).toEqual([]);
    expect(exitCodeOf(all)).toBe(0);
  });

  it.each(rows)("finds %s", (id, facts, grade, mend) => {
    const all = diagnose(facts);
    const found = all.filter(({ finding }) => finding !== undefined);
    expect(found.map(({ check }) => check.id)).toEqual([id]);
    expect(found[0]?.finding?.grade).toBe(grade);
    if (mend === undefined) expect(found[0]?.finding?.mend).toBeUndefined();
    else expect(found[0]?.finding?.mend).toContain(mend);
    expect(exitCodeOf(all)).toBe(grade === "unseen" ? 2 : 1);
  });

  it("has a row here for each check", () => {
    const tried = new Set(rows.map(([id]) => id));
    expect(checks.map(({ id }) => id).filter((id) => !tried.has(id))).toEqual([]);
    expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  });

  it("prints a line per check, and below it what was found, the mend and where to read more", () => {
    const text = textOf(diagnose(node({ tc: "BusyBox v1.36 multi-call binary." })));
    expect(text).toContain(
      [
        "× tc is iproute2's",
        '    tc is not iproute2\'s (it says "BusyBox v1.36 multi-call binary."): it knows no batches, so no pod with a limit starts',
        "    mend: apt-get install -y iproute2",
        "    see docs/doctor.md#node-tc",
        "√ all rules",
      ].join("\n"),
    );
    expect(text).toMatch(/\d+ checks: \d+ √, 0 ‼, 1 ×$/);
  });

  it("--json has the words of linkerd check, an id and a mend", () => {
    const document = JSON.parse(jsonOf(diagnose(asked({ foreign: "qdisc tbf 8: root" })))) as {
      readonly success: boolean;
      readonly categories: readonly { readonly categoryName: string; readonly checks: readonly object[] }[];
    };
    expect(document.success).toBe(false);
    expect(document.categories.map(({ categoryName }) => categoryName)).toEqual([
      "node",
      "runtime",
      "chain",
      "agent",
      "state",
      "uplink",
      "pods",
    ]);
    expect(document.categories[5]?.checks).toContainEqual({
      id: "uplink-root",
      description: "no qdisc of somebody else is at the uplink's root",
      hint: "docs/doctor.md#uplink-root",
      result: "error",
      error: expect.stringContaining("qdisc tbf 8: root") as string,
      mend: expect.stringMatching(
        /^tc qdisc del dev eth0 root && \/opt\/cni\/bin\/pod-qos uplink remove eth0/,
      ) as string,
    });
  });
});
