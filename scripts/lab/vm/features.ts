/** What the lab needs on this machine, and a clear word when it is not there. Installs nothing. */
import { accessSync, constants, readdirSync } from "node:fs";
import { basename } from "node:path";
import { VmError } from "./errors.ts";

/** Groups of requirements: `boot` for any VM, the others for the tests that name them. */
export type Group = "boot" | "containerd" | "ovs" | "ovn";

export type Requirement = {
  readonly group: Group;
  readonly package: string;
  /** A file the package brings; a last component of the form `prefix*suffix` matches any such name. */
  readonly file: string;
  readonly why: string;
};

const REQUIREMENTS: readonly Requirement[] = [
  { group: "boot", package: "qemu-system-x86", file: "/usr/bin/qemu-system-x86_64", why: "the machine" },
  { group: "boot", package: "linux-image-amd64", file: "/boot/vmlinuz-*-amd64", why: "the stock kernel" },
  { group: "boot", package: "busybox-static", file: "/bin/busybox", why: "initramfs, pause image" },
  { group: "boot", package: "cpio", file: "/usr/bin/cpio", why: "packs the initramfs" },
  { group: "boot", package: "util-linux", file: "/usr/bin/setpriv", why: "QEMU dies with its starter" },
  { group: "boot", package: "kmod", file: "/sbin/modprobe", why: "the kernel's module autoloader" },
  { group: "boot", package: "iproute2", file: "/sbin/tc", why: "links and qdiscs" },
  { group: "containerd", package: "containerd", file: "/usr/bin/containerd", why: "the runtime" },
  { group: "containerd", package: "runc", file: "/usr/sbin/runc", why: "starts the pause container" },
  {
    group: "containerd",
    package: "containernetworking-plugins",
    file: "/usr/lib/cni/bridge",
    why: "primary plugins and IPAM",
  },
  { group: "containerd", package: "iperf3", file: "/usr/bin/iperf3", why: "traffic" },
  { group: "containerd", package: "iptables", file: "/usr/sbin/iptables", why: "marks, leftovers" },
  { group: "ovs", package: "openvswitch-switch", file: "/usr/sbin/ovs-vswitchd", why: "a real OVS" },
  { group: "ovn", package: "ovn-central", file: "/usr/bin/ovn-northd", why: "a real OVN" },
  { group: "ovn", package: "ovn-host", file: "/usr/bin/ovn-controller", why: "a real OVN" },
];

/** Throws, naming each package to install, when something of these groups is missing. */
export function requireFeatures(...groups: readonly Group[]): void {
  const missing = missingFeatures(...groups);
  if (missing.length === 0) return;
  const lines = missing.map((each) => `  ${each.package}: ${each.file} (${each.why})`);
  throw new VmError(
    `the VM lab lacks:\n${lines.join("\n")}\ninstall with: apt-get install ${packagesOf(missing).join(" ")}`,
  );
}

function missingFeatures(...groups: readonly Group[]): readonly Requirement[] {
  return REQUIREMENTS.filter((each) => groups.includes(each.group) && !present(each.file));
}

/** The Debian packages of these requirements, each once. */
function packagesOf(requirements: readonly Requirement[]): readonly string[] {
  return [...new Set(requirements.map((each) => each.package))];
}

function present(file: string): boolean {
  if (file.includes("*")) return matches(file).length > 0;
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** Names in a folder that match `prefix*suffix`; a folder that is not there has none. */
export function matches(pattern: string): readonly string[] {
  const name = basename(pattern);
  const folder = pattern.slice(0, -name.length);
  const [prefix = "", suffix = ""] = name.split("*");
  try {
    return readdirSync(folder).filter((each) => each.startsWith(prefix) && each.endsWith(suffix));
  } catch {
    return [];
  }
}
