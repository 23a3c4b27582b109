/** Where install finds the runtime's directories, distribution by distribution. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { pluginPath } from "../lab/node/paths.ts";

describe("the directories are found", () => {
  const k3s = "/var/lib/rancher/k3s";
  const snap = "/var/snap/microk8s/current";
  const rows: readonly (readonly [
    node: string,
    conf: string,
    bin: string,
    more: readonly string[],
    config?: readonly [path: string, text: string],
  ])[] = [
    ["k3s", `${k3s}/agent/etc/cni/net.d`, `${k3s}/data/cni`, [`${k3s}/data/current/bin`]],
    ["an older k3s", `${k3s}/agent/etc/cni/net.d`, `${k3s}/data/current/bin`, []],
    [
      "k3s by its containerd's configuration",
      `${k3s}/agent/etc/cni/net.d`,
      "/bin",
      [],
      [
        `${k3s}/agent/etc/containerd/config.toml`,
        '[plugins."io.containerd.grpc.v1.cri".cni]\n  bin_dir = "/bin"\n',
      ],
    ],
    ["RKE2", "/etc/cni/net.d", "/opt/cni/bin", ["/var/lib/rancher/rke2/agent", "/etc/crio"]],
    [
      "MicroK8s",
      `${snap}/args/cni-network`,
      `${snap}/opt/cni/bin`,
      [],
      [
        `${snap}/args/containerd.toml`,
        'bin_dir = "${SNAP_DATA}/opt/cni/bin"\nconf_dir = "${SNAP_DATA}/args/cni-network"\n',
      ],
    ],
    ["OpenShift", "/etc/kubernetes/cni/net.d", "/var/lib/cni/bin", ["/etc/crio"]],
    [
      "CRI-O",
      "/etc/cni/net.d",
      "/usr/libexec/cni",
      [],
      ["/etc/crio/crio.conf", 'plugin_dirs = [\n\t"/usr/libexec/cni",\n]\n'],
    ],
    ["kubeadm", "/etc/cni/net.d", "/opt/cni/bin", ["/usr/lib/cni"]],
    ["Google's Container-Optimized OS", "/etc/cni/net.d", "/home/kubernetes/bin", []],
    [
      "Debian's containerd",
      "/etc/cni/net.d",
      "/usr/lib/cni",
      ["/etc/containerd"],
      [
        "/etc/containerd/config.toml",
        '# bin_dir = "/nowhere"\n      bin_dir = "/usr/lib/cni"\n      conf_dir = "/etc/cni/net.d"\n',
      ],
    ],
    [
      "containerd 2.1",
      "/etc/other",
      "/opt/b",
      ["/opt/a"],
      ["/etc/containerd/config.toml", `bin_dirs = ['/no', "/opt/a", "/opt/b"]\nconf_dir = '/etc/other'\n`],
    ],
  ];

  const nodes = rows.map(([node, conf, bin, more, config]) => ({ node, conf, bin, more, config }));
  test.each(nodes)("on $node: $conf and $bin", async ({ conf, bin, more, config }) => {
    const root = mkdtempSync(join(tmpdir(), "pod-qos-root-"));
    try {
      for (const directory of [conf, bin, ...more]) mkdirSync(root + directory, { recursive: true });
      if (config !== undefined) mkdirSync(dirname(root + config[0]), { recursive: true });
      if (config !== undefined) writeFileSync(root + config[0], config[1]);
      writeFileSync(
        `${root}${conf}/10-lab.conflist`,
        '{"cniVersion":"1.0.0","name":"lab","plugins":[{"type":"bridge"}]}',
      );
      writeFileSync(`${root}${bin}/bridge`, "");
      const { stdout } = await execa(pluginPath(), ["install", "--root", root, "--dry-run"]);
      expect(stdout.split("\n").slice(0, 3)).toEqual([
        expect.stringContaining(`${bin}/pod-qos: would be written`),
        "--- /dev/null",
        `+++ ${conf}/09-pod-qos.conflist`,
      ]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
