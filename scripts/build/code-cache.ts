/**
 * V8's compiled form of each part, so that a verb does not compile the same text for every pod: 10 ms of ADD, where bare
 * Node takes 42. V8 looks at a header before it takes such a cache and compiles the text where the two do not fit: a cache
 * can be of no use, but not wrong.
 *
 * The header names the flags that V8 ran with, and the executable runs without any. So the caches are made with
 * flags, and then get the field of a Node without.
 */
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { BuildError } from "./errors.ts";

export type CodeCacheRequest = {
  /** The executable that is embedded; it has to run here. */
  readonly node: string;
  /** Files of scripts, as the executable compiles them. */
  readonly scripts: readonly string[];
  readonly work: string;
};

/** Paths of the caches, in the order of the scripts. */
export async function codeCaches({ node, scripts, work }: CodeCacheRequest): Promise<readonly string[]> {
  const folder = join(work, "code");
  await mkdir(folder, { recursive: true });
  const caches = scripts.map((_, at) => join(folder, `${at}`));
  const pairs = scripts.flatMap((script, at) => [script, caches[at] ?? ""]);
  await runWorker(node, [...MAKE_FLAGS, WORKER, "make", ...pairs]);
  await runWorker(node, [WORKER, "finish", ...pairs]);
  return caches;
}

const WORKER = resolve(import.meta.dirname, "code-cache-worker.ts");

const MAKE_FLAGS = [
  // V8 orders what it writes by the seed of its hashes: two builds have to be equal.
  "--hash-seed=1",
  // Functions that are first called while a pod waits are compiled too.
  "--no-lazy",
];

async function runWorker(node: string, args: readonly string[]): Promise<void> {
  const { failed, all } = await execa(node, args, { all: true, reject: false, extendEnv: false, env: {} });
  if (failed) throw new BuildError(`no code cache: ${all}`);
}
