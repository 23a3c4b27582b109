/** A real containerd in the VM: its configuration, its pause image, its life. */
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { type Cri, criOf } from "./cri.ts";

export const CONTAINERD_SOCKET = "/run/containerd/containerd.sock";
const PAUSE_IMAGE = "localhost/pause:1";
/** Where all nodes have them. What this machine has there is hidden by the VM's own files. */
const CNI_BIN = "/opt/cni/bin";
const CNI_CONF = "/etc/cni/net.d";
export const PRIMARY_FILE = "10-pods.conflist";
/** Debian's containernetworking-plugins. */
const DEBIAN_CNI = "/usr/lib/cni";

/** Only what a pod sandbox needs; native snapshots because the root is an overlay already. */
const CONFIG = `version = 2
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.tracing.processor.v1.otlp"]
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_BIN}"
    conf_dir = "${CNI_CONF}"
`;

export type RuntimeSetup = {
  /** pod-qos; undefined: a node that does not have it yet. */
  readonly executable: string | undefined;
  readonly conflist: object;
  /** Where containerd's log goes. */
  readonly logFile: string;
};

/** containerd, ready to run sandboxes; `stop` ends the daemon (its shims die with the VM). */
export type Runtime = { readonly cri: Cri; readonly stop: () => Promise<void> };

export async function startRuntime(setup: RuntimeSetup): Promise<Runtime> {
  installCni(setup);
  // In its usual place: install reads there where the plugins are.
  writeFileSync("/etc/containerd/config.toml", CONFIG);
  const log = { file: setup.logFile, append: true };
  const daemon = execa("containerd", [], {
    stdin: "ignore",
    stdout: log,
    stderr: log,
    reject: false,
  });
  await until("containerd answers", async () => {
    return (await execa("ctr", ["version"], { reject: false, timeout: 10_000 })).exitCode === 0;
  });
  await importPauseImage();
  const cri = criOf(CONTAINERD_SOCKET);
  await until("containerd knows the pause image", () => cri.hasImage(PAUSE_IMAGE));
  await until("containerd's network is ready", () => cri.networkReady());
  const stop = async (): Promise<void> => {
    daemon.kill();
    await daemon;
  };
  return { cri, stop };
}

/** One folder of plugins, as /opt/cni/bin is on a node: Debian's and ours. */
function installCni({ executable, conflist }: RuntimeSetup): void {
  for (const folder of [CNI_BIN, CNI_CONF]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  for (const name of readdirSync(DEBIAN_CNI)) symlinkSync(join(DEBIAN_CNI, name), join(CNI_BIN, name));
  if (executable !== undefined) symlinkSync(executable, join(CNI_BIN, "pod-qos"));
  writeFileSync(join(CNI_CONF, PRIMARY_FILE), JSON.stringify(conflist));
}

/** A docker archive of one layer: busybox, asleep. What else it can do is for people who look into a pod. */
async function importPauseImage(): Promise<void> {
  const folder = "/tmp/pause";
  mkdirSync(join(folder, "bin"), { recursive: true });
  await execa("cp", ["/bin/busybox", join(folder, "bin/busybox")]);
  for (const applet of APPLETS) symlinkSync("busybox", join(folder, "bin", applet));
  await execa("tar", ["-cf", join(folder, "layer.tar"), "-C", folder, "bin"]);
  const { stdout } = await execa("sha256sum", [join(folder, "layer.tar")]);
  const config = {
    architecture: "amd64",
    os: "linux",
    config: { Entrypoint: ["/bin/sleep", "2147483"], Env: [] },
    rootfs: { type: "layers", diff_ids: [`sha256:${stdout.slice(0, 64)}`] },
    history: [{ created_by: basename(import.meta.filename) }],
  };
  const manifest = [{ Config: "config.json", RepoTags: [PAUSE_IMAGE], Layers: ["layer.tar"] }];
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
  const members = ["manifest.json", "config.json", "layer.tar"];
  await execa("tar", ["-cf", "/tmp/pause.tar", "-C", folder, ...members]);
  await execa("ctr", ["-n", "k8s.io", "images", "import", "--snapshotter", "native", "/tmp/pause.tar"]);
}

const APPLETS =
  "sleep sh cat date dd echo env grep hostname httpd ip ls nc nslookup ping ps tail top wget".split(" ");

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return;
    await sleep(300);
  }
  throw new Error(`gave up waiting until ${what}`);
}
