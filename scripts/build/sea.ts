/**
 * Loader and parts into the Node executable, by pkg's simple SEA mode.
 *
 * pkg's command line passes no seaConfig on, so sea-worker.ts calls the function underneath. It runs as a process of
 * its own because pkg takes three things from its surroundings: Node from $HOME/.pkg-cache/sea, which is laid out here
 * so that it downloads nothing; its temporary directory from $TMPDIR; and the current directory, which it changes.
 */
import { link, mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";
import { BuildError } from "./errors.ts";
import type { Arch } from "./project.ts";

export type Packing = {
  readonly arch: Arch;
  /** The executable to embed, of this architecture. */
  readonly node: string;
  readonly nodeVersion: string;
  /** What Node runs first. */
  readonly loader: string;
  /** Files it may ask for, by the name it asks with. */
  readonly assets: Readonly<Record<string, string>>;
  readonly output: string;
  /** The loader's directory; the worker's home and temporary directory too. */
  readonly work: string;
};

export async function packExecutable(packing: Packing): Promise<void> {
  const { arch, loader, assets, nodeVersion, output, work } = packing;
  await seedPkgCache(packing);
  const worker = resolve(import.meta.dirname, "sea-worker.ts");
  const { failed, all } = await execa(
    process.execPath,
    [worker, arch, nodeVersion, loader, output, JSON.stringify(assets)],
    {
      all: true,
      reject: false,
      extendEnv: false,
      env: { HOME: work, TMPDIR: work, PATH: process.env["PATH"] ?? "" },
    },
  );
  if (failed) throw new BuildError(`pkg made no executable for ${arch}:\n${all}`);
}

/** pkg looks only whether these files exist: the archive and both marks may be empty. */
async function seedPkgCache({ arch, node, nodeVersion, work }: Packing): Promise<void> {
  const folder = join(work, ".pkg-cache/sea", `node-v${nodeVersion}-linux-${arch}`);
  const cached = join(folder, "bin/node");
  await mkdir(dirname(cached), { recursive: true });
  await link(node, cached);
  await Promise.all(
    [`${cached}.ok`, `${folder}.tar.gz`, `${folder}.tar.gz.ok`].map((mark) => writeFile(mark, "")),
  );
}
