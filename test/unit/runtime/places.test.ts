/** Where the runtime of a node has its directories and its socket, by what is on the node. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findPlaces } from "../../../plugin/runtime/places.ts";
import { findService, findSockets } from "../../../plugin/runtime/sockets.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "pod-qos-places-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const notGiven = { confDir: undefined, binDir: undefined };
const directory = (path: string): unknown => mkdirSync(root + path, { recursive: true });
const file = (path: string, text = ""): void => {
  directory(dirname(path));
  writeFileSync(root + path, text);
};

const k3s = "/var/lib/rancher/k3s";
const rke2 = "/var/lib/rancher/rke2/agent";
const snap = "/var/snap/microk8s";

type Row = {
  readonly platform: string;
  readonly directories: readonly string[];
  readonly socket: string;
  readonly service: string;
  readonly confDir: string;
  readonly binDirs: readonly string[];
};
const rows: readonly Row[] = [
  {
    platform: "k3s",
    directories: [`${k3s}/agent/etc/cni/net.d`, `${k3s}/data/cni`],
    socket: "/run/k3s/containerd/containerd.sock",
    service: "k3s-agent",
    confDir: `${k3s}/agent/etc/cni/net.d`,
    binDirs: [`${k3s}/data/cni`],
  },
  {
    platform: "RKE2",
    directories: [rke2, "/opt/cni/bin"],
    socket: "/run/k3s/containerd/containerd.sock",
    service: "rke2-server",
    confDir: "/etc/cni/net.d",
    binDirs: ["/opt/cni/bin"],
  },
  {
    platform: "microk8s",
    directories: [`${snap}/current/args/cni-network`, `${snap}/current/opt/cni/bin`],
    socket: `${snap}/common/run/containerd.sock`,
    service: "snap.microk8s.daemon-containerd",
    confDir: `${snap}/current/args/cni-network`,
    binDirs: [`${snap}/current/opt/cni/bin`],
  },
  {
    platform: "CRI-O",
    directories: ["/etc/crio", "/opt/cni/bin"],
    socket: "/run/crio/crio.sock",
    service: "crio",
    confDir: "/etc/cni/net.d",
    binDirs: ["/opt/cni/bin"],
  },
  {
    platform: "containerd",
    directories: ["/usr/lib/cni"],
    socket: "/run/containerd/containerd.sock",
    service: "containerd",
    confDir: "/etc/cni/net.d",
    binDirs: ["/usr/lib/cni"],
  },
];

it.each(rows)("$platform", ({ platform, directories, socket, service, confDir, binDirs }) => {
  directories.forEach(directory);
  expect([findSockets(root), findService(root)]).toEqual([[], undefined]);
  file(socket);
  file(`/usr/lib/systemd/system/${service}.service`);
  expect(findPlaces(root, notGiven)).toEqual({ platform, confDir, binDirs });
  expect([findSockets(root), findService(root)]).toEqual([[socket], service]);
});

it("what the runtime's configuration says comes before the table, and what is given before both", () => {
  for (const path of ["/opt/cni/bin", "/srv/bin", "/srv/given"]) directory(path);
  const cni = 'conf_dir = "/srv/net.d"\n  # bin_dir = "/no"\n  bin_dirs = ["/srv/bin", "/srv/absent"]\n';
  file("/etc/containerd/config.toml", `version = 3\n  ${cni}`);
  const confDir = "/srv/net.d";
  expect(findPlaces(root, notGiven)).toMatchObject({ confDir, binDirs: ["/srv/bin", "/opt/cni/bin"] });
  const given = { confDir: "/srv/conf", binDir: "/srv/given" };
  expect(findPlaces(root, given)).toMatchObject({ confDir: "/srv/conf", binDirs: ["/srv/given"] });
});

it("the socket that crictl is configured for comes first, and a link leads where it leads on the node", () => {
  file("/run/containerd/containerd.sock");
  file("/run/other/runtime.sock");
  symlinkSync("/run", `${root}/var-run`);
  file("/etc/crictl.yaml", 'timeout: 2\nruntime-endpoint: "unix:///var-run/other/runtime.sock"\n');
  expect(findSockets(root)).toEqual(["/var-run/other/runtime.sock", "/run/containerd/containerd.sock"]);
});
