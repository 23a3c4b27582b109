/** The machine as a command line (pure). */

export type Machine = {
  readonly image: string;
  readonly initramfs: string;
  /** Writable folder of the host, /vm-out in the VM. */
  readonly outFolder: string;
  readonly consoleFile: string;
  readonly memoryMb: number;
  /** tcg works everywhere; kvm is faster where it works. */
  readonly accelerator: "tcg" | "kvm";
  /** Left out: no network card. */
  readonly network?: Network | undefined;
};

/** A card whose other end is QEMU itself: it reaches one port of the host's 127.0.0.1, one leads to it, and there is nothing else. */
export type Network = {
  /** Of the host; the VM finds it at API_ADDRESS. */
  readonly apiPort: number;
  /** Of the host; leads to the kubelet's port in the VM. */
  readonly kubeletPort: number;
};

export const API_ADDRESS = "10.0.2.100";
export const VM_ADDRESS = "10.0.2.15";
export const GATEWAY_ADDRESS = "10.0.2.2";
export const API_PORT = 6443;
export const KUBELET_PORT = 10_250;

/** Software emulation keeps its time stamp counter in step on all CPUs, so the kernel may trust it. */
const KERNEL_COMMAND_LINE = [
  "console=ttyS0",
  "quiet",
  "panic=-1",
  "tsc=reliable",
  "mitigations=off",
  "random.trust_cpu=on",
  // A boot was seen to hang in them, and what they prove is the emulator's.
  "cryptomgr.notests",
].join(" ");

/** QEMU's arguments; the command's output is QEMU's stdout, kernel messages go to the console file. */
export function qemuArguments(machine: Machine): readonly string[] {
  const flags = ["-nodefaults", "-no-user-config", "-no-reboot"];
  const options = [
    ["-display", "none"],
    ["-accel", machine.accelerator === "tcg" ? "tcg,thread=multi" : "kvm"],
    ["-cpu", "max"],
    // One: with two, every atomic instruction is emulated as such, and a spawn takes twice as long on twice the processors.
    ["-smp", "1"],
    ["-m", String(machine.memoryMb)],
    ["-kernel", machine.image],
    ["-initrd", machine.initramfs],
    ["-append", KERNEL_COMMAND_LINE],
    ["-serial", `file:${machine.consoleFile}`],
    ["-device", "virtio-serial-pci"],
    ["-chardev", "stdio,id=output,signal=off"],
    ["-device", "virtserialport,chardev=output,name=output"],
    ["-virtfs", share("/", "host0", "readonly=on")],
    ["-virtfs", share(machine.outFolder, "out0", "readonly=off")],
    ...(machine.network === undefined ? [] : networkOptions(machine.network)),
  ];
  return [...flags, ...options.flat()];
}

/** For each connection to the API server QEMU starts a socat: what it could do by itself is one connection. */
function networkOptions({ apiPort, kubeletPort }: Network): readonly (readonly string[])[] {
  const ways = [
    `guestfwd=tcp:${API_ADDRESS}:${API_PORT}-cmd:socat - TCP:127.0.0.1:${apiPort}`,
    `hostfwd=tcp:127.0.0.1:${kubeletPort}-${VM_ADDRESS}:${KUBELET_PORT}`,
  ];
  return [
    ["-netdev", ["user,id=n0,restrict=on", ...ways].join(",")],
    ["-device", "virtio-net-pci,netdev=n0"],
  ];
}

/** Without multidevs=remap inode numbers of the host's several file systems collide. */
function share(path: string, tag: string, access: string): string {
  return `local,path=${path.replaceAll(",", ",,")},mount_tag=${tag},security_model=none,${access},multidevs=remap`;
}
