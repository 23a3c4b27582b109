/** The initramfs: busybox, the modules that reach the host's files, and an init. Built once per kernel. */
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { execa } from "execa";
import { moduleFiles, type StockKernel } from "./kernel.ts";

/** What must be in memory before the host's root is mounted; everything later is autoloaded from there. */
const EARLY_MODULES = ["virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay"];
const FOLDERS = ["bin", "dev", "host", "modules", "proc", "root", "sys", "top"];
const BUSYBOX = "/bin/busybox";
const INIT = join(import.meta.dirname, "initramfs-init.sh");

/** Path of the initramfs for this kernel, built when the cache has none for this kernel and init. */
export async function ensureInitramfs(kernel: StockKernel, cacheFolder: string): Promise<string> {
  const recipe = createHash("sha256").update(readFileSync(INIT)).update(EARLY_MODULES.join(" "));
  const file = join(cacheFolder, `initramfs-${kernel.version}-${recipe.digest("hex").slice(0, 8)}.cpio`);
  if (!existsSync(file)) await build(kernel, cacheFolder, file);
  return file;
}

/** Builds beside the final name and renames: two labs may start at once. */
async function build(kernel: StockKernel, cacheFolder: string, file: string): Promise<void> {
  mkdirSync(cacheFolder, { recursive: true });
  const work = mkdtempSync(join(cacheFolder, "build-"));
  const tree = join(work, "tree");
  try {
    populate(tree, moduleFiles(kernel, EARLY_MODULES));
    const names = await execa("find", ["."], { cwd: tree });
    const packed = join(work, "packed.cpio");
    await execa("cpio", ["--quiet", "-o", "-H", "newc", "-O", packed], { cwd: tree, input: names.stdout });
    renameSync(packed, file);
  } finally {
    rmSync(work, { recursive: true });
  }
}

function populate(tree: string, modules: readonly string[]): void {
  for (const folder of FOLDERS) mkdirSync(join(tree, folder), { recursive: true });
  copyFileSync(BUSYBOX, join(tree, "bin/busybox"));
  chmodSync(join(tree, "bin/busybox"), 0o755);
  copyFileSync(INIT, join(tree, "init"));
  chmodSync(join(tree, "init"), 0o755);
  for (const module of modules) copyFileSync(module, join(tree, "modules", basename(module)));
  writeFileSync(join(tree, "modules/order"), modules.map((module) => `${basename(module)}\n`).join(""));
}
