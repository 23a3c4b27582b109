/** The files of a release, each of which has been started, or read back, before it counts. */
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { DEBIAN_ARCH } from "../build/debian.ts";
import { type Arch, executableName, readProject, ROOT } from "../build/project.ts";
import { assertReplaceable } from "../build/replaceable.ts";
import { checksumsOf } from "../build/sums.ts";
import { makeImage } from "../image/image.ts";
import { type Entry, tarOf } from "../image/tar.ts";
import { assertStarts } from "./start.ts";
import { bundledPackages } from "./bundled.ts";
import { chartFiles } from "./chart-files.ts";
import { makeDeb } from "./make-deb.ts";
import { sbomOf } from "./sbom.ts";

export type ReleaseRequest = {
  readonly archs: readonly Arch[];
  /** Where the build has left its files. */
  readonly built: string;
  readonly out: string;
  /** As it is to be. */
  readonly changelog: string;
  readonly fresh: boolean;
  readonly epochSeconds: number;
};

/** Whole or not at all. The names of its files. */
export async function release(request: ReleaseRequest): Promise<readonly string[]> {
  const { out } = request;
  await assertReplaceable(out, "SHA256SUMS");
  await mkdir(dirname(out), { recursive: true });
  const work = await mkdtemp(join(dirname(out), ".release-"));
  try {
    const files = join(work, "files");
    await mkdir(files);
    await fill(files, work, request);
    const names = (await readdir(files)).toSorted();
    await writeFile(join(files, "SHA256SUMS"), await checksumsOf(files, names));
    await rm(out, { recursive: true, force: true });
    await rename(files, out);
    return [...names, "SHA256SUMS"];
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function fill(files: string, work: string, request: ReleaseRequest): Promise<void> {
  const { archs, built, changelog, fresh, epochSeconds } = request;
  const { version, nodeVersion } = readProject();
  const put = (name: string, content: string | Buffer): Promise<void> =>
    writeFile(join(files, name), content);
  for (const arch of archs) {
    const name = join(files, `pod-qos-${version}-linux-${DEBIAN_ARCH[arch]}`);
    await copyFile(join(built, executableName(arch)), name);
    await chmod(name, 0o755);
    await assertStarts(arch, name, `pod-qos ${version}`);
  }
  const image = await makeImage({ archs, executables: built, out: work, version, fresh, epochSeconds });
  await rename(image.archive, join(files, `pod-qos-${version}-image.tar`));
  const notices = await readFile(join(built, "THIRD_PARTY_NOTICES"), "utf8");
  for (const arch of archs) await makeDeb({ arch, built, out: files, changelog, epochSeconds });
  const manifests = gzipSync(tarOf(await manifestsIn(resolve(ROOT, "install")), epochSeconds), { level: 9 });
  await put(`pod-qos-${version}-manifests.tar.gz`, manifests);
  const chart = [...(await chartFiles(version))].map(([path, text]) => ({
    path: `pod-qos/${path}`,
    kind: "file" as const,
    content: Buffer.from(text),
    mode: 0o644,
  }));
  await put(`pod-qos-${version}-chart.tgz`, gzipSync(tarOf(chart, epochSeconds), { level: 9 }));
  await put("CHANGELOG.md", changelog);
  await put("THIRD_PARTY_NOTICES", notices);
  const bundled = await bundledPackages(join(built, "pod-qos.meta.json"));
  await put(`pod-qos-${version}.cdx.json`, sbomOf({ version, nodeVersion, bundled, debian: image.packages }));
}

async function manifestsIn(folder: string): Promise<readonly Entry[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = all.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  return Promise.all(
    paths.map(async (path) => ({
      path: `install/${relative(folder, path)}`,
      kind: "file" as const,
      content: await readFile(path),
      mode: 0o644,
    })),
  );
}
