/** What distributions of Kubernetes are known by, and where their runtimes have their files. */
import { statSync } from "node:fs";
import { onNode } from "./paths.ts";

export type Platform = {
  readonly name: string;
  /** What only such a node has. */
  readonly signs: readonly string[];
  /** The runtime's own configuration, whose word comes first. */
  readonly configs: readonly string[];
  readonly confDir: string;
  readonly binDirs: readonly string[];
  readonly socket: string;
  /** systemd's unit of the runtime: of a server or of an agent. */
  readonly services: readonly string[];
};

const k3s = "/var/lib/rancher/k3s";
const rke2 = "/var/lib/rancher/rke2";
export const snap = "/var/snap/microk8s/current";
const usual = ["/opt/cni/bin", "/home/kubernetes/bin", "/usr/lib/cni", "/usr/libexec/cni"];

/** The first whose signs are all there counts. */
export const platforms: readonly Platform[] = [
  {
    name: "k3s",
    signs: [`${k3s}/agent/etc/cni/net.d`],
    configs: [`${k3s}/agent/etc/containerd/config.toml`],
    confDir: `${k3s}/agent/etc/cni/net.d`,
    // Its bin directory was below data/current, which changes at each upgrade, until data/cni came.
    binDirs: [`${k3s}/data/cni`, `${k3s}/data/current/bin`],
    socket: "/run/k3s/containerd/containerd.sock",
    services: ["k3s", "k3s-agent"],
  },
  {
    name: "RKE2",
    signs: [`${rke2}/agent`],
    configs: [`${rke2}/agent/etc/containerd/config.toml`],
    confDir: "/etc/cni/net.d",
    binDirs: ["/opt/cni/bin"],
    socket: "/run/k3s/containerd/containerd.sock",
    services: ["rke2-server", "rke2-agent"],
  },
  {
    name: "microk8s",
    signs: [`${snap}/args/cni-network`],
    configs: [`${snap}/args/containerd.toml`],
    confDir: `${snap}/args/cni-network`,
    binDirs: [`${snap}/opt/cni/bin`],
    socket: "/var/snap/microk8s/common/run/containerd.sock",
    services: ["snap.microk8s.daemon-containerd"],
  },
  {
    name: "OpenShift",
    signs: ["/etc/kubernetes/cni/net.d", "/var/lib/cni/bin"],
    configs: [],
    confDir: "/etc/kubernetes/cni/net.d",
    binDirs: ["/var/lib/cni/bin"],
    socket: "/run/crio/crio.sock",
    services: ["crio"],
  },
  {
    name: "CRI-O",
    signs: ["/etc/crio"],
    configs: ["/etc/crio/crio.conf"],
    confDir: "/etc/cni/net.d",
    binDirs: usual,
    socket: "/run/crio/crio.sock",
    services: ["crio"],
  },
  {
    name: "containerd",
    signs: [],
    configs: ["/etc/containerd/config.toml"],
    confDir: "/etc/cni/net.d",
    binDirs: usual,
    socket: "/run/containerd/containerd.sock",
    services: ["containerd"],
  },
];

export function platformOf(root: string): Platform {
  const platform = platforms.find(({ signs }) => signs.every((path) => isDirectory(root, path)));
  if (platform === undefined) throw new Error("the last row has no signs");
  return platform;
}

export function isDirectory(root: string, path: string): boolean {
  return statSync(onNode(root, path), { throwIfNoEntry: false })?.isDirectory() === true;
}
