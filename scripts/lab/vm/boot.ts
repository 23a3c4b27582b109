/**
 * Runs one command on a stock Debian kernel with this machine's files: QEMU, the host's root read-only over 9p and a tmpfs on
 * top, so whatever the command writes is gone afterwards, except under /vm-out.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { guestCommand, type GuestCommand } from "./command.ts";
import { VmError } from "./errors.ts";
import { requireFeatures } from "./features.ts";
import { ensureInitramfs } from "./initramfs.ts";
import { findKernel } from "./kernel.ts";
import { qemuArguments, type Network } from "./qemu.ts";

export type VmRun = GuestCommand & {
  /** Power-on to power-off; then QEMU is killed. 0: never. */
  readonly timeoutMs?: number | undefined;
  /** Kills QEMU; the run fails then. */
  readonly signal?: AbortSignal | undefined;
  readonly network?: Network | undefined;
  readonly memoryMb?: number | undefined;
  /** Host folder that is /vm-out in the VM; without it a temporary one that is removed. */
  readonly outFolder?: string | undefined;
  /** Called with each piece of output as it comes. */
  readonly onOutput?: ((text: string) => void) | undefined;
};

export type VmResult = {
  readonly exitCode: number;
  /** stdout and stderr of the command, interleaved. */
  readonly output: string;
  /** Seconds from the kernel's start to the command's. */
  readonly bootSeconds: number;
};

const CACHE_FOLDER = resolve(import.meta.dirname, "../../../.cache/vm");
const GUEST_INIT = join(import.meta.dirname, "guest-init.sh");
const DEFAULT_TIMEOUT_MS = 600_000;
const DEFAULT_MEMORY_MB = 4096;
/** A boot takes 5 s. Where it takes this long the emulated processor hangs, which was seen once in fifty boots. */
const BOOT_LIMIT_MS = 120_000;

/** Boots, runs the command, powers off. Fails only when the VM does; the command's failure is its exit code. */
export async function runInVm(run: VmRun): Promise<VmResult> {
  requireFeatures("boot");
  const kernel = findKernel();
  const initramfs = await ensureInitramfs(kernel, CACHE_FOLDER);
  const scratch = mkdtempSync(join(tmpdir(), "pod-qos-vm-"));
  const outFolder = resolve(run.outFolder ?? scratch);
  const exchange = join(outFolder, ".vm");
  try {
    prepareExchange(exchange, run);
    const consoleFile = join(scratch, "console.log");
    const accelerator = process.env["POD_QOS_VM_ACCEL"] === "kvm" ? "kvm" : "tcg";
    const memoryMb = run.memoryMb ?? DEFAULT_MEMORY_MB;
    const machine = {
      image: kernel.image,
      initramfs,
      outFolder,
      consoleFile,
      memoryMb,
      accelerator,
      network: run.network,
    } as const;
    const booted = (): boolean => existsSync(join(exchange, "uptime"));
    const first = await power(qemuArguments(machine), run, booted);
    const ended = booted() ? first : await power(qemuArguments(machine), run, booted);
    return readResult(exchange, ended, consoleFile);
  } finally {
    rmSync(exchange, { recursive: true, force: true });
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What the guest's inits read, and where it leaves the exit code. */
function prepareExchange(exchange: string, run: GuestCommand): void {
  rmSync(exchange, { recursive: true, force: true });
  mkdirSync(exchange, { recursive: true });
  writeFileSync(join(exchange, "init"), readFileSync(GUEST_INIT));
  writeFileSync(join(exchange, "command"), guestCommand(run));
  writeFileSync(join(exchange, "folder"), `${run.cwd}\n`);
}

type Ended = { readonly output: string; readonly reason: string };

/**
 * One QEMU from start to end. execa kills it, and only it, on timeout and when this process ends in an orderly way; the parent
 * death signal covers a test runner that was killed itself. setpriv becomes QEMU, so the pid is QEMU's.
 */
async function power(args: readonly string[], run: VmRun, booted: () => boolean): Promise<Ended> {
  const timeout = run.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const qemu = execa("setpriv", ["--pdeathsig", "KILL", "qemu-system-x86_64", ...args], {
    // Open until the end: at its end of file QEMU would take the output port for closed, and the guest's writes would block.
    stdin: "pipe",
    reject: false,
    stripFinalNewline: false,
    timeout,
    ...(run.signal === undefined ? {} : { cancelSignal: run.signal }),
    forceKillAfterDelay: 2000,
  });
  qemu.stdout.setEncoding("utf8").on("data", (text: string) => run.onOutput?.(text));
  const watch = setTimeout(() => booted() || qemu.kill("SIGKILL"), BOOT_LIMIT_MS);
  const { stdout, stderr, timedOut, exitCode, signal } = await qemu;
  clearTimeout(watch);
  const how = timedOut ? `timed out after ${timeout / 1000} s` : `qemu ended with ${exitCode ?? signal}`;
  return { output: stdout, reason: [how, stderr.trim()].filter((each) => each !== "").join(": ") };
}

function readResult(exchange: string, ended: Ended, consoleFile: string): VmResult {
  const exitFile = join(exchange, "exit");
  if (!existsSync(exitFile)) {
    const parts = [`the VM gave no exit code (${ended.reason})`];
    parts.push("console:", tail(consoleFile, 25), "output:", ended.output.slice(-4000));
    throw new VmError(parts.join("\n"));
  }
  const number = (file: string): number => Number(readFileSync(join(exchange, file), "utf8"));
  return { exitCode: number("exit"), output: ended.output, bootSeconds: number("uptime") };
}

function tail(file: string, lines: number): string {
  return existsSync(file)
    ? readFileSync(file, "utf8").trimEnd().split("\n").slice(-lines).join("\n")
    : "(none)";
}
