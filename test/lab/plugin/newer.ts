/** A build of a later version, made of this tree: its version is another, and its confs may have a key that this version does not know. */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { ROOT } from "../../../scripts/build/project.ts";

export type Newer = {
  readonly executable: string;
  readonly version: string;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** Of the entry: a newer build has it, this one does not. */
export const NEWER_KEY = "hologram";

const VERSION = "9.0.0";

export const buildNewer = async (): Promise<Newer> => {
  const tree = await mkdtemp(join(tmpdir(), "pod-qos-newer-"));
  const remove = (): Promise<void> => rm(tree, { recursive: true });
  try {
    for (const part of ["plugin", "scripts", "package.json", "package-lock.json", "tsconfig.json"])
      await cp(join(ROOT, part), join(tree, part), { recursive: true });
    await symlink(join(ROOT, "node_modules"), join(tree, "node_modules"));
    await change(join(tree, "package.json"), /"version": "[^"]*"/, `"version": "${VERSION}"`);
    await change(join(tree, "plugin/cni/keys.ts"), /(ownKeys = \[)/, `$1 "${NEWER_KEY}",`);
    await execa(join(ROOT, "node_modules/.bin/node"), ["scripts/build.ts"], { cwd: tree, timeout: 200_000 });
  } catch (error) {
    await remove();
    throw error;
  }
  return { executable: join(tree, "dist/pod-qos"), version: VERSION, [Symbol.asyncDispose]: remove };
};

const change = async (path: string, what: RegExp, to: string): Promise<void> => {
  const text = await readFile(path, "utf8");
  if (!what.test(text)) throw new Error(`${path} has no ${what}`);
  await writeFile(path, text.replace(what, to));
};
