/** The floor that start-up is measured from: the same Node, made into an executable the same way, with nothing to do. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { executableName, readProject, ROOT } from "../build/project.ts";

/** Kept until the build or its Node changes: it takes as long as the plugin itself. */
export async function bareNode(): Promise<string> {
  const folder = join(CACHE, `bare-${await fingerprint()}`);
  const executable = join(folder, executableName("x64"));
  if (existsSync(executable)) return executable;
  await rm(CACHE, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const entry = join(folder, "empty.ts");
  await writeFile(entry, "");
  await execa(NODE, [join(BUILD, "../build.ts"), "--entry", entry, "--out", folder]);
  return executable;
}

const CACHE = join(ROOT, ".cache/bench");
const BUILD = join(ROOT, "scripts/build");
const NODE = join(ROOT, "node_modules/.bin/node");

async function fingerprint(): Promise<string> {
  const hash = createHash("sha256").update(readProject().nodeVersion);
  for (const name of (await readdir(BUILD)).toSorted()) hash.update(await readFile(join(BUILD, name)));
  return hash.digest("hex").slice(0, 16);
}
