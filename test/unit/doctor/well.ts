/** What doctor gathers on a node on which all is well. */
import { chainOf } from "../../../plugin/cli/doctor/chain.ts";
import type { TextFile } from "../../../plugin/cni/chain-file.ts";
import type { ChainFacts, Facts } from "../../../plugin/cli/doctor/facts.ts";
import type { JsonObject } from "../../../plugin/cni/fields.ts";

export const capabilities = { bandwidth: true, "io.kubernetes.cri.pod-annotations": true };
export const ours: JsonObject = { type: "pod-qos", capabilities };
export const flannel: JsonObject = { type: "flannel" };

export const file = (name: string, ...plugins: readonly JsonObject[]): TextFile => ({
  name,
  text: JSON.stringify({ name: "podnet", cniVersion: "1.0.0", plugins }),
});

export const chainOfFiles = (...files: readonly TextFile[]): ChainFacts => ({
  confDir: "/etc/cni/net.d",
  binDir: "/opt/cni/bin",
  onNode: { confDir: "/etc/cni/net.d", binDir: "/opt/cni/bin" },
  fault: undefined,
  files,
  dropIns: [],
  withoutDropIns: undefined,
  executables: ["flannel", "pod-qos", "portmap"],
  version: "0.2.0",
  own: { version: "0.2.0", path: "/usr/bin/pod-qos" },
});

const containerd: Extract<Facts["runtime"], { readonly answers: true }> = {
  answers: true,
  name: "containerd",
  version: "v2.1.4",
  notReady: undefined,
  confDir: "/etc/cni/net.d",
  binDirs: ["/opt/cni/bin"],
  chains: [{ network: "podnet", plugins: [flannel, ours] }],
  reportsChain: true,
  fault: undefined,
};

export const runtime = (changes: Partial<typeof containerd>): Facts => ({
  ...well,
  runtime: { ...containerd, ...changes },
});

/** The runtime has loaded what is there. */
export const withChain = (chain: ChainFacts): Facts => {
  const read = chainOf(chain);
  return { ...runtime({ chains: typeof read === "object" ? [read] : [] }), chain };
};

export const well: Facts = {
  root: "",
  runtime: containerd,
  node: {
    system: "debian",
    hasApt: true,
    hasGlibc: true,
    missing: [],
    tc: "tc utility, iproute2-6.1.0, libbpf 1.1.2",
    iptables: [
      { family: "iptables", variant: "nft", otherRules: 0 },
      { family: "ip6tables", variant: "nft", otherRules: 0 },
    ],
    kernelFault: undefined,
  },
  chain: chainOfFiles(file("10-flannel.conflist", flannel, ours)),
  conf: { entry: { ...ours, name: "podnet" }, faults: {} },
  agent: { everRan: true, pid: 4711, args: [], version: "0.2.0", followsApi: true },
  state: {
    directory: "/run/pod-qos",
    places: [{ path: "/run/pod-qos", uid: 0, mode: 0o40700 }],
    uid: 0,
    unreadable: [],
  },
  uplink: {
    asked: {
      device: "eth0",
      rate: 950e6,
      classes: [
        { name: "default", rate: 450e6 },
        { name: "bulk", rate: 500e6 },
      ],
      speed: 1e9,
      foreign: undefined,
      fault: undefined,
    },
    drift: [{ device: "eth0", faults: [], isRestorable: true }],
  },
  pods: { ended: [] },
};
