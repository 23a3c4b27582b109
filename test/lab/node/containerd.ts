/** A real containerd on a lab node, with nothing in it but the CRI. It reads the node's conf directory. */
import { writeFileSync } from "node:fs";
import { until } from "../agent/agent.ts";
import type { LabNode } from "./node.ts";

export interface Containerd {
  readonly stop: () => Promise<void>;
}

export const startContainerd = async (node: LabNode): Promise<Containerd> => {
  writeFileSync(node.path("/run/containerd.toml"), CONFIG);
  const daemon = node.start("containerd", ["--config", "/run/containerd.toml"], { timeoutMs: 1_800_000 });
  const answers = async (): Promise<boolean> =>
    (await node.exec("ctr", ["version"], { reject: false })).exitCode === 0;
  try {
    await until("containerd answers", answers, 20_000);
  } catch (error) {
    daemon.kill("SIGKILL");
    const { stderr } = await daemon.done;
    throw new Error(`containerd did not start: ${stderr.slice(-2000)}`, { cause: error });
  }
  return {
    stop: async () => {
      daemon.kill("SIGTERM");
      await daemon.done;
    },
  };
};

/** Its own directories are the node's alone. */
const CONFIG = `version = 2
root = "/run/containerd-root"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.tracing.processor.v1.otlp"]
[plugins."io.containerd.grpc.v1.cri"]
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
`;
