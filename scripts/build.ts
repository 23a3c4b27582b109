/**
 * `npm run build`: plugin/main.ts becomes dist/pod-qos, one executable with Node inside.
 *
 *   --arch x64|arm64   may be given more than once; x64 when it is not given
 *   --entry <file>     another entry than plugin/main.ts
 *   --out <dir>        another directory than dist
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { build } from "./build/build.ts";
import { messageOf } from "./build/errors.ts";
import { isArch, ROOT, readProject } from "./build/project.ts";

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const project = readProject();
    return process.version === `v${project.nodeVersion}` ? await run() : await rerun(project.nodeVersion);
  } catch (error) {
    console.error(`build: ${messageOf(error)}`);
    return 1;
  }
}

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      arch: { type: "string", multiple: true, default: ["x64"] },
      entry: { type: "string", default: resolve(ROOT, "plugin/main.ts") },
      out: { type: "string", default: resolve(ROOT, "dist") },
    },
  });
  const unknown = values.arch.find((arch) => !isArch(arch));
  if (unknown !== undefined) throw new Error(`--arch ${unknown}: x64 and arm64 exist`);
  const made = await build({
    archs: values.arch.filter(isArch),
    entry: resolve(values.entry),
    out: resolve(values.out),
  });
  for (const line of made) console.log(line);
  return 0;
}

/** pkg makes the blob with the Node that runs it, and that has to be the Node that reads it later. */
async function rerun(version: string): Promise<number> {
  const node = resolve(ROOT, "node_modules/.bin/node");
  const { stdout } = await execa(node, ["--version"], { reject: false });
  if (stdout !== `v${version}`) throw new Error(`needs Node ${version} in node_modules: run npm ci`);
  const { exitCode } = await execa(node, process.argv.slice(1), { stdio: "inherit", reject: false });
  return exitCode ?? 1;
}
