/**
 * `npm run image`: dist/image, an OCI layout of pod-qos for both architectures, and dist/pod-qos-image.tar, the same in one file.
 * It builds the executables first.
 *
 *   --arch x64|arm64   may be given more than once; both when it is not given
 *   --out <dir>        another directory than dist
 *   --fresh            asks Debian's mirror for the packages of now, whatever was downloaded before
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { messageOf } from "./build/errors.ts";
import { ARCHS, epochSeconds, isArch, ROOT, readProject } from "./build/project.ts";
import { makeImage } from "./image/image.ts";

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({
      options: {
        arch: { type: "string", multiple: true, default: [...ARCHS] },
        out: { type: "string", default: resolve(ROOT, "dist") },
        fresh: { type: "boolean", default: false },
      },
    });
    const unknown = values.arch.find((arch) => !isArch(arch));
    if (unknown !== undefined) throw new Error(`--arch ${unknown}: x64 and arm64 exist`);
    await run(resolve(values.out), values.arch.filter(isArch), values.fresh);
    return 0;
  } catch (error) {
    console.error(`image: ${messageOf(error)}`);
    return 1;
  }
}

async function run(out: string, archs: readonly (typeof ARCHS)[number][], fresh: boolean): Promise<void> {
  const script = resolve(import.meta.dirname, "build.ts");
  const options = archs.flatMap((arch) => ["--arch", arch]);
  await execa(process.execPath, [script, ...options, "--out", out], { stdio: "inherit" });
  const { version } = readProject();
  const { layout, archive, name } = await makeImage({
    archs,
    executables: out,
    out,
    version,
    fresh,
    epochSeconds: epochSeconds(),
  });
  console.log(`${layout} and ${archive}: ${name}, ${archs.join(" and ")}`);
}
