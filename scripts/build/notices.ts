/** THIRD_PARTY_NOTICES: the licence of everything in the executable that is not ours. */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import * as z from "zod/mini";
import type { Bundle } from "./bundle.ts";
import { BuildError } from "./errors.ts";
import { NODE_PACKAGE, ROOT } from "./project.ts";

export async function notices({ modules }: Bundle): Promise<string> {
  const folders = new Set(
    modules.map(({ path }) => packageFolder(path)).filter((path) => path !== undefined),
  );
  const bundled = await Promise.all([...folders].map((folder) => packageNotice(resolve(ROOT, folder))));
  const sections = [...bundled.toSorted(), await nodeNotice()];
  return `${PREFACE}\n${sections.map((text) => `${RULE}\n${text.trim()}\n`).join("\n")}`;
}

const PREFACE = "pod-qos contains the software named below. Each part stands under its own licence.\n";
const RULE = "=".repeat(80);

/** `node_modules/yaml` of `node_modules/yaml/dist/index.js`; undefined for a file of ours. */
export function packageFolder(path: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];
}

async function packageNotice(folder: string): Promise<string> {
  const { name, version, license } = Manifest.parse(
    JSON.parse(await readFile(join(folder, "package.json"), "utf8")),
  );
  const files = (await readdir(folder))
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .toSorted();
  if (files.length === 0) throw new BuildError(`${name} is bundled and has no licence file`);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return `${name} ${version} (${license})\n\n${texts.join("\n")}`;
}

/** Node's own file covers V8, OpenSSL, ICU and what else is linked into it; it is the same for every architecture. */
async function nodeNotice(): Promise<string> {
  const folder = resolve(ROOT, "node_modules", NODE_PACKAGE.x64);
  const { version } = Manifest.parse(JSON.parse(await readFile(join(folder, "package.json"), "utf8")));
  return `Node.js ${version}\n\n${await readFile(join(folder, "LICENSE"), "utf8")}`;
}

const Manifest = z.object({ name: z.string(), version: z.string(), license: z.string() });
