/**
 * `npm run deb`: dist/pod-qos_<version>_<architecture>.deb, with a systemd unit that is not started by itself. It builds the executable
 * first.
 *
 *   --arch x64|arm64   may be given more than once; x64 when it is not given
 *   --out <dir>        another directory than dist
 */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { messageOf } from "./build/errors.ts";
import { epochSeconds, isArch, ROOT } from "./build/project.ts";
import { makeDeb } from "./release/make-deb.ts";

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({
      options: {
        arch: { type: "string", multiple: true, default: ["x64"] },
        out: { type: "string", default: resolve(ROOT, "dist") },
      },
    });
    const unknown = values.arch.find((arch) => !isArch(arch));
    if (unknown !== undefined) throw new Error(`--arch ${unknown}: x64 and arm64 exist`);
    const archs = values.arch.filter(isArch);
    const [out, built] = [resolve(values.out), resolve(ROOT, "dist")];
    const options = archs.flatMap((arch) => ["--arch", arch]);
    const script = resolve(import.meta.dirname, "build.ts");
    await execa(process.execPath, [script, ...options, "--out", built], { stdio: "inherit" });
    const changelog = await readFile(resolve(ROOT, "CHANGELOG.md"), "utf8");
    for (const arch of archs)
      console.log(await makeDeb({ arch, built, out, changelog, epochSeconds: epochSeconds() }));
    return 0;
  } catch (error) {
    console.error(`deb: ${messageOf(error)}`);
    return 1;
  }
}
