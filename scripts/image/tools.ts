/**
 * The lower layer: the libraries that the executable needs, and four programs. The agent works with the node's own tc, iptables and
 * ipset, those that ADD uses, so the image has none of them: nsenter takes the agent into the node's mounts, and install starts
 * programs of the node by chroot and env. There is no shell.
 */
import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { execa } from "execa";
import { DEBIAN_ARCH, downloadPackages } from "../build/debian.ts";
import { BuildError } from "../build/errors.ts";
import { exists } from "../build/exists.ts";
import { type Arch, ROOT } from "../build/project.ts";
import type { Entry } from "./tar.ts";

export type DebianPackage = { readonly name: string; readonly version: string };

export type Tools = { readonly entries: readonly Entry[]; readonly packages: readonly DebianPackage[] };

/** `fresh`: asks Debian's mirror; else what was downloaded before counts. */
export async function tools(arch: Arch, fresh: boolean): Promise<Tools> {
  const files = await debs(arch, fresh);
  const work = await mkdtemp(resolve(ROOT, ".cache/.tools-"));
  try {
    const parts = await Promise.all(files.map((file) => partOf(file, join(work, basename(file)))));
    const found = parts.flatMap(({ entries }) => entries);
    for (const [name, wanted] of Object.entries(PACKAGES)) {
      if (!parts.some((part) => part.name === name && part.entries.some(({ path }) => wanted.test(path))))
        throw new BuildError(`Debian's ${name} has nothing of ${wanted}`);
    }
    return {
      entries: [...found, ...LINKS, ...EMPTY],
      packages: parts.map(({ name, version }) => ({ name, version })),
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

const LIBRARIES = /^usr\/lib(?:64)?\/(?:[^/]+-linux-gnu\/)?[^/]+\.so(?:\.[\d.]+)*$/;

/** What is taken of each package; its copyright comes along. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  libc6: LIBRARIES,
  "libstdc++6": LIBRARIES,
  "libgcc-s1": LIBRARIES,
  libselinux1: LIBRARIES,
  "libpcre2-8-0": LIBRARIES,
  "util-linux": /^usr\/bin\/nsenter$/,
  // sleep: a DaemonSet's pod that has done its work and must not end.
  coreutils: /^usr\/(?:bin\/(?:env|sleep)|sbin\/chroot)$/,
  "base-files": /^usr\/share\/common-licenses\/[^/]+$/,
};

/** Where the copyright of the compiler's libraries is. */
const GCC_BASE = /^gcc-\d+-base$/;

/** As Debian has it. */
const LINKS: readonly Entry[] = ["bin", "sbin", "lib", "lib64"].map((path) => ({
  path,
  kind: "link",
  target: `usr/${path}`,
}));

/** What is mounted there, with a root that nobody may write to. */
const EMPTY: readonly Entry[] = ["dev", "etc", "host", "proc", "run", "sys", "tmp", "var"].map((path) => ({
  path,
  kind: "directory",
}));

/** Downloaded once; the folder has its name when it is whole. */
async function debs(arch: Arch, fresh: boolean): Promise<readonly string[]> {
  const folder = resolve(ROOT, ".cache/image", DEBIAN_ARCH[arch]);
  if (fresh) await rm(folder, { recursive: true, force: true });
  if (!(await exists(folder))) {
    await mkdir(resolve(ROOT, ".cache/image"), { recursive: true });
    const work = await mkdtemp(resolve(ROOT, ".cache/image/.download-"));
    try {
      await downloadPackages({ arch, packages: Object.keys(PACKAGES), dependencies: GCC_BASE, work });
      await rename(join(work, "debs"), folder).catch(async (error: unknown) => {
        if (!(await exists(folder))) throw error;
      });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  return (await readdir(folder)).toSorted().map((name) => join(folder, name));
}

async function partOf(deb: string, root: string): Promise<Tools & DebianPackage> {
  await execa("dpkg-deb", ["-x", deb, root]);
  const { stdout } = await execa("dpkg-deb", ["-f", deb, "Package", "Version"]);
  const [, name = "", version = ""] = /^Package: (.*)\nVersion: (.*)$/.exec(stdout) ?? [];
  const wanted = GCC_BASE.test(name) ? NOTHING : PACKAGES[name];
  if (wanted === undefined) throw new BuildError(`${basename(deb)} is none of the image's packages`);
  const all = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = all.filter((one) => !one.isDirectory()).map((one) => join(one.parentPath, one.name));
  const taken = paths
    .map((path) => ({ path: merged(path.slice(root.length + 1)), source: path }))
    .filter(({ path }) => wanted.test(path) || isCopyright(path, name));
  const entries = await Promise.all(taken.map(({ path, source }) => entryOf(path, source)));
  return { name, version, entries, packages: [] };
}

const NOTHING = /^$/;

/** The folder of a package may be a link to another one's. */
function isCopyright(path: string, name: string): boolean {
  const folder = `usr/share/doc/${name}`;
  return path === folder || path === `${folder}/copyright`;
}

/** Some packages still have /lib where others have /usr/lib. */
function merged(path: string): string {
  return path.replace(/^(?=(?:bin|sbin|lib|lib64)\/)/, "usr/");
}

async function entryOf(path: string, source: string): Promise<Entry> {
  const target = await readlink(source).catch(() => undefined);
  if (target !== undefined) return { path, kind: "link", target };
  const mode = /\/s?bin\/|\/ld-linux[^/]*$/.test(path) ? 0o755 : 0o644;
  return { path, kind: "file", content: await readFile(source), mode };
}
