/** The steps of a build. Each leaves files in a work directory; what is finished moves to its place by rename. */
import { chmod, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundle, type Bundle, CODE_SUFFIX, type PartFile } from "./bundle.ts";
import { codeCaches } from "./code-cache.ts";
import { sizeReport } from "./meta.ts";
import { embeddedNode } from "./node.ts";
import { notices } from "./notices.ts";
import { type Arch, executableName, type Project, readProject } from "./project.ts";
import { packExecutable } from "./sea.ts";
import { checksums } from "./sums.ts";

export type BuildRequest = {
  readonly archs: readonly Arch[];
  readonly entry: string;
  readonly out: string;
};

/** Returns one line per file made. */
export async function build({ archs, entry, out }: BuildRequest): Promise<readonly string[]> {
  const project = readProject();
  await mkdir(out, { recursive: true });
  const work = await mkdtemp(join(out, ".work-"));
  try {
    const bundled = await bundle({ entry, work, version: project.version });
    for (const arch of archs) await makeExecutable({ arch, work, out, project, bundled });
    await place(work, out, "THIRD_PARTY_NOTICES", await notices(bundled));
    await place(work, out, "pod-qos.meta.json", sizeReport(project, bundled));
    await place(work, out, "SHA256SUMS", await checksums(out));
    return await Promise.all(archs.map((arch) => describe(join(out, executableName(arch)), bundled)));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

type Making = {
  readonly arch: Arch;
  readonly work: string;
  readonly out: string;
  readonly project: Project;
  readonly bundled: Bundle;
};

async function makeExecutable({ arch, work, out, project, bundled }: Making): Promise<void> {
  const node = await embeddedNode(arch, work);
  const output = join(work, executableName(arch));
  const { loader, parts } = bundled;
  const assets = { ...texts(parts), ...(await compiled({ arch, node, work, parts })) };
  await packExecutable({ arch, node, nodeVersion: project.nodeVersion, loader, assets, output, work });
  await chmod(output, 0o755);
  await rename(output, join(out, executableName(arch)));
}

function texts(parts: readonly PartFile[]): Readonly<Record<string, string>> {
  return Object.fromEntries(parts.map(({ name, file }) => [name, file]));
}

/** Only for the machine that builds: a cache is of one architecture, and made by running its Node. */
async function compiled({
  arch,
  node,
  work,
  parts,
}: Pick<Making, "arch" | "work"> & { readonly node: string; readonly parts: readonly PartFile[] }): Promise<
  Readonly<Record<string, string>>
> {
  if (arch !== process.arch) return {};
  const caches = await codeCaches({ node, scripts: parts.map(({ file }) => file), work });
  return Object.fromEntries(parts.map(({ name }, at) => [`${name}${CODE_SUFFIX}`, caches[at] ?? ""]));
}

async function place(work: string, out: string, name: string, text: string): Promise<void> {
  await writeFile(join(work, name), text);
  await rename(join(work, name), join(out, name));
}

async function describe(file: string, { bytes }: Bundle): Promise<string> {
  const { size } = await stat(file);
  return `${file}: ${(size / 1e6).toFixed(1)} MB, of which ${(bytes / 1e3).toFixed(1)} kB are ours`;
}
