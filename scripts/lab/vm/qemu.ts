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
};

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
  ];
  return [...flags, ...options.flat()];
}

/** Without multidevs=remap inode numbers of the host's several file systems collide. */
function share(path: string, tag: string, access: string): string {
  return `local,path=${path.replaceAll(",", ",,")},mount_tag=${tag},security_model=none,${access},multidevs=remap`;
}
