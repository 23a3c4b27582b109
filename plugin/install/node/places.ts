/** Where runtimes have their conf and bin directories: by what the node's files say, distribution by distribution. */
import { readFileSync, statSync } from "node:fs";
import { onNode } from "./paths.ts";

export type Places = {
  /** Which row of the table it is. */
  readonly platform: string;
  readonly confDir: string;
  /** Those that are there, the likeliest first. */
  readonly binDirs: readonly string[];
};

export type Given = { readonly confDir: string | undefined; readonly binDir: string | undefined };

type Platform = {
  readonly name: string;
  /** What only such a node has. */
  readonly signs: readonly string[];
  /** The runtime's own configuration, whose word comes first. */
  readonly configs: readonly string[];
  readonly confDir: string;
  readonly binDirs: readonly string[];
};

const k3s = "/var/lib/rancher/k3s";
const rke2 = "/var/lib/rancher/rke2";
const snap = "/var/snap/microk8s/current";
const usual = ["/opt/cni/bin", "/home/kubernetes/bin", "/usr/lib/cni", "/usr/libexec/cni"];

/** The first whose signs are all there. */
const platforms: readonly Platform[] = [
  {
    name: "k3s",
    signs: [`${k3s}/agent/etc/cni/net.d`],
    configs: [`${k3s}/agent/etc/containerd/config.toml`],
    confDir: `${k3s}/agent/etc/cni/net.d`,
    // Its bin directory was below data/current, which changes at each upgrade, until data/cni came.
    binDirs: [`${k3s}/data/cni`, `${k3s}/data/current/bin`],
  },
  {
    name: "RKE2",
    signs: [`${rke2}/agent`],
    configs: [`${rke2}/agent/etc/containerd/config.toml`],
    confDir: "/etc/cni/net.d",
    binDirs: ["/opt/cni/bin"],
  },
  {
    name: "microk8s",
    signs: [`${snap}/args/cni-network`],
    configs: [`${snap}/args/containerd.toml`],
    confDir: `${snap}/args/cni-network`,
    binDirs: [`${snap}/opt/cni/bin`],
  },
  {
    name: "OpenShift",
    signs: ["/etc/kubernetes/cni/net.d", "/var/lib/cni/bin"],
    configs: [],
    confDir: "/etc/kubernetes/cni/net.d",
    binDirs: ["/var/lib/cni/bin"],
  },
  {
    name: "CRI-O",
    signs: ["/etc/crio"],
    configs: ["/etc/crio/crio.conf"],
    confDir: "/etc/cni/net.d",
    binDirs: usual,
  },
  {
    name: "containerd",
    signs: [],
    configs: ["/etc/containerd/config.toml"],
    confDir: "/etc/cni/net.d",
    binDirs: usual,
  },
];

export function findPlaces(root: string, given: Given): Places {
  const isThere = (path: string): boolean =>
    statSync(onNode(root, path), { throwIfNoEntry: false })?.isDirectory() === true;
  const platform = platforms.find(({ signs }) => signs.every(isThere));
  if (platform === undefined) throw new Error("the last row has no signs");
  const said = platform.configs.map((path) => saidBy(readOr(onNode(root, path), "")));
  const confDir = given.confDir ?? said.flatMap(({ confDirs }) => confDirs)[0] ?? platform.confDir;
  const binDirs =
    given.binDir === undefined
      ? [...new Set([...said.flatMap((each) => each.binDirs), ...platform.binDirs])].filter(isThere)
      : [given.binDir];
  return { platform: platform.name, confDir, binDirs };
}

/** containerd's conf_dir, bin_dir and bin_dirs, CRI-O's network_dir and plugin_dirs; comments do not count. */
function saidBy(toml: string): { readonly confDirs: readonly string[]; readonly binDirs: readonly string[] } {
  const values = (keys: string): readonly string[] =>
    [
      ...toml.matchAll(
        new RegExp(`^[ \\t]*(?:${keys})[ \\t]*=[ \\t]*(\\[[^\\]]*\\]|"[^"\\n]*"|'[^'\\n]*')`, "gm"),
      ),
    ]
      .flatMap(([, value = ""]) => [...value.matchAll(/["']([^"']*)["']/g)])
      .map(([, path = ""]) => path.replaceAll(/\$\{?SNAP_DATA\}?/g, snap))
      .filter((path) => path.startsWith("/"));
  return { confDirs: values("conf_dir|network_dir"), binDirs: values("bin_dir|bin_dirs|plugin_dirs") };
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}
