/** The Debian libraries that an arm64 Node needs, for qemu-aarch64-static -L. The host's package database stays as it is. */
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { downloadPackages } from "./debian.ts";
import { exists } from "./exists.ts";
import { ROOT } from "./project.ts";

/** The directory; filled from the host's Debian mirror when it is not there yet. */
export async function arm64Sysroot(): Promise<string> {
  const sysroot = resolve(ROOT, ".cache/arm64-sysroot");
  if (await exists(sysroot)) return sysroot;
  await mkdir(resolve(ROOT, ".cache"), { recursive: true });
  const work = await mkdtemp(resolve(ROOT, ".cache/.sysroot-"));
  try {
    const made = join(work, "root");
    for (const file of await downloadPackages({ arch: "arm64", packages: PACKAGES, work })) {
      await execa("dpkg-deb", ["-x", file, made]);
    }
    // When another build was faster its directory is as good as this one.
    await rename(made, sysroot).catch(async (error: unknown) => {
      if (!(await exists(sysroot))) throw error;
    });
    return sysroot;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const PACKAGES = ["libc6", "libstdc++6", "libgcc-s1"];
