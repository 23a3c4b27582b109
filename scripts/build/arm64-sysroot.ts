/** The Debian libraries that an arm64 Node needs, for qemu-aarch64-static -L. The host's package database stays as it is. */
import { access, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { ROOT } from "./project.ts";

/** The directory; filled from the host's Debian mirror when it is not there yet. */
export async function arm64Sysroot(): Promise<string> {
  const sysroot = resolve(ROOT, ".cache/arm64-sysroot");
  if (await exists(sysroot)) return sysroot;
  await mkdir(resolve(ROOT, ".cache"), { recursive: true });
  const work = await mkdtemp(resolve(ROOT, ".cache/.sysroot-"));
  try {
    const made = join(work, "root");
    for (const file of await downloadedPackages(work)) await execa("dpkg-deb", ["-x", file, made]);
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

/** apt with a state of its own, in which arm64 is the only architecture and nothing is installed. */
async function downloadedPackages(work: string): Promise<readonly string[]> {
  const debs = join(work, "debs");
  for (const folder of ["state/lists/partial", "cache/archives/partial", "debs"]) {
    await mkdir(join(work, folder), { recursive: true });
  }
  await writeFile(join(work, "status"), "");
  const options = [
    "APT::Architecture=arm64",
    "APT::Architectures=arm64",
    "APT::Sandbox::User=root",
    `Dir::State=${join(work, "state")}`,
    `Dir::State::status=${join(work, "status")}`,
    `Dir::Cache=${join(work, "cache")}`,
  ].flatMap((option) => ["-o", option]);
  await execa("apt-get", [...options, "update"]);
  await execa("apt-get", [...options, "download", ...PACKAGES], { cwd: debs });
  return (await readdir(debs)).map((name) => join(debs, name));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
