/**
 * `npm run release`: dist/release, all that is handed to others: the executables, the image, the manifests, the Debian packages, what
 * is in them, and their checksums. The version is that of package.json, and CHANGELOG.md's "Unreleased" becomes it.
 *
 *   --arch x64|arm64   may be given more than once; both when it is not given
 *   --out <dir>        another directory than dist/release; CHANGELOG.md and dist of the checkout then stay as they are
 *   --fresh            asks Debian's mirror for the packages of now, whatever was downloaded before
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { messageOf } from "./build/errors.ts";
import { ARCHS, epochSeconds, isArch, ROOT, readProject } from "./build/project.ts";
import { turnedOver } from "./release/changelog.ts";
import { release } from "./release/release.ts";

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({
      options: {
        arch: { type: "string", multiple: true, default: [...ARCHS] },
        out: { type: "string" },
        fresh: { type: "boolean", default: false },
      },
    });
    const unknown = values.arch.find((arch) => !isArch(arch));
    if (unknown !== undefined) throw new Error(`--arch ${unknown}: x64 and arm64 exist`);
    const archs = values.arch.filter(isArch);
    const isTrial = values.out !== undefined;
    const out = resolve(values.out ?? resolve(ROOT, "dist/release"));
    // dist is what tests run.
    const built = isTrial ? `${out}.built` : resolve(ROOT, "dist");
    const path = resolve(ROOT, "CHANGELOG.md");
    const written = await readFile(path, "utf8");
    const changelog = isTrial ? written : turnedOver(written, readProject().version);
    const options = archs.flatMap((arch) => ["--arch", arch]);
    const script = resolve(import.meta.dirname, "build.ts");
    await execa(process.execPath, [script, ...options, "--out", built], { stdio: "inherit" });
    const names = await release({
      archs,
      built,
      out,
      changelog,
      fresh: values.fresh,
      epochSeconds: epochSeconds(),
    });
    for (const name of names) console.log(`${out}/${name}`);
    await (isTrial ? rm(built, { recursive: true }) : writeFile(path, changelog));
    return 0;
  } catch (error) {
    console.error(`release: ${messageOf(error)}`);
    return 1;
  }
}
