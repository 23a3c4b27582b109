/** The Node executable that is embedded: from npm, its integrity checked, stripped. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { withoutEnvironment } from "./environment.ts";
import { BuildError } from "./errors.ts";
import { ARM64_NODE, type Arch, NODE_PACKAGE, ROOT } from "./project.ts";

/** Path of a stripped copy in `work` that takes nothing from its environment. */
export async function embeddedNode(arch: Arch, work: string): Promise<string> {
  const source = arch === "x64" ? INSTALLED_NODE : await unpackedNode(work);
  const stripped = join(work, `node-${arch}`);
  // Before injection: an executable that is stripped afterwards does not start any more.
  await execa(await stripTool(arch), ["-o", stripped, source]);
  await withoutEnvironment(stripped);
  return stripped;
}

const INSTALLED_NODE = resolve(ROOT, "node_modules", NODE_PACKAGE.x64, "bin/node");

async function unpackedNode(work: string): Promise<string> {
  const archive = await fetchedArchive();
  await execa("tar", ["-xzf", archive, "-C", work, "package/bin/node"]);
  return join(work, "package/bin/node");
}

/** The npm package of Node for arm64, from the cache when it is there and whole, else from npm. */
async function fetchedArchive(): Promise<string> {
  const cache = resolve(ROOT, ".cache/node");
  const archive = join(cache, `${NODE_PACKAGE.arm64}-${ARM64_NODE.version}.tgz`);
  if ((await integrityOf(archive)) === ARM64_NODE.integrity) return archive;
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, ".fetch-"));
  try {
    const spec = `${NODE_PACKAGE.arm64}@${ARM64_NODE.version}`;
    await execa("npm", ["pack", spec, "--pack-destination", fresh, "--ignore-scripts"], { cwd: fresh });
    const [name = ""] = await readdir(fresh);
    const integrity = await integrityOf(join(fresh, name));
    if (integrity !== ARM64_NODE.integrity) {
      throw new BuildError(`${spec} has integrity ${integrity}, pinned is ${ARM64_NODE.integrity}`);
    }
    await rename(join(fresh, name), archive);
    return archive;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function integrityOf(file: string): Promise<string | undefined> {
  const content = await readFile(file).catch(() => undefined);
  if (content === undefined) return undefined;
  return `sha512-${createHash("sha512").update(content).digest("base64")}`;
}

/** GNU strip where there is one for the architecture: two builds are equal only when the same tool made them. */
async function stripTool(arch: Arch): Promise<string> {
  const { tools, aptPackage } = STRIP[arch];
  for (const tool of tools) {
    const { failed } = await execa(tool, ["--version"], { reject: false });
    if (!failed) return tool;
  }
  throw new BuildError(
    `no ${tools.join(" or ")} to strip Node for ${arch} with: apt-get install ${aptPackage}`,
  );
}

const STRIP = {
  x64: { tools: ["x86_64-linux-gnu-strip", "strip", "llvm-strip"], aptPackage: "binutils" },
  arm64: { tools: ["aarch64-linux-gnu-strip", "llvm-strip"], aptPackage: "binutils-aarch64-linux-gnu" },
} as const satisfies Record<Arch, unknown>;
