/** Debian packages of any architecture from the host's mirror, with a package database of their own: the host's stays as it is. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Arch } from "./project.ts";

export const DEBIAN_ARCH = { x64: "amd64", arm64: "arm64" } as const satisfies Record<Arch, string>;

export type Download = {
  readonly arch: Arch;
  readonly packages: readonly string[];
  /** What of their dependencies is downloaded too: names that change from one Debian to the next. */
  readonly dependencies?: RegExp;
  readonly work: string;
};

/** The files, in a folder of `work`. apt has a state of its own, in which this architecture is the only one and nothing is installed. */
export async function downloadPackages({
  arch,
  packages,
  dependencies,
  work,
}: Download): Promise<readonly string[]> {
  const debs = join(work, "debs");
  for (const folder of ["state/lists/partial", "cache/archives/partial", "debs"]) {
    await mkdir(join(work, folder), { recursive: true });
  }
  await writeFile(join(work, "status"), "");
  const options = [
    `APT::Architecture=${DEBIAN_ARCH[arch]}`,
    `APT::Architectures=${DEBIAN_ARCH[arch]}`,
    "APT::Sandbox::User=root",
    `Dir::State=${join(work, "state")}`,
    `Dir::State::status=${join(work, "status")}`,
    `Dir::Cache=${join(work, "cache")}`,
  ].flatMap((option) => ["-o", option]);
  await execa("apt-get", [...options, "update"]);
  const download = async (names: readonly string[]): Promise<readonly string[]> => {
    await execa("apt-get", [...options, "download", ...names], { cwd: debs });
    return (await readdir(debs)).toSorted().map((name) => join(debs, name));
  };
  const files = await download(packages);
  const more = dependencies === undefined ? [] : await dependenciesOf(files, dependencies);
  return more.length === 0 ? files : await download(more);
}

async function dependenciesOf(files: readonly string[], wanted: RegExp): Promise<readonly string[]> {
  const all = await Promise.all(files.map((file) => execa("dpkg-deb", ["-f", file, "Depends"])));
  const names = all.flatMap(({ stdout }) => stdout.split(",").map((one) => one.trim().replace(/[ :].*/, "")));
  return [...new Set(names)].filter((name) => wanted.test(name));
}
