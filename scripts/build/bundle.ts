/** TypeScript and libraries to one minified CommonJS file. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { BuildError } from "./errors.ts";
import { ROOT } from "./project.ts";

export type Bundle = {
  readonly file: string;
  readonly bytes: number;
  /** What each source file contributes, the largest first. Files that contribute nothing are left out. */
  readonly modules: readonly Module[];
};

export type Module = {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly bytes: number;
};

type BundleRequest = {
  readonly entry: string;
  /** Directory the file is left in. */
  readonly work: string;
  readonly version: string;
};

export async function bundle({ entry, work, version }: BundleRequest): Promise<Bundle> {
  const file = join(work, BUNDLE_NAME);
  const { metafile, warnings } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    platform: "node",
    target: "node24",
    // In one CommonJS file a dynamic import stays lazy: esbuild wraps the module in a function and calls it then.
    format: "cjs",
    minify: true,
    keepNames: false,
    legalComments: "none",
    define: { __VERSION__: JSON.stringify(version) },
    metafile: true,
    logLevel: "error",
    tsconfig: join(ROOT, "tsconfig.json"),
  });
  if (warnings.length > 0) throw new BuildError(warnings.map(({ text }) => text).join("; "));
  const [output] = Object.values(metafile.outputs);
  if (output === undefined) throw new BuildError("esbuild made no file");
  const modules = Object.entries(output.inputs).map(([path, { bytesInOutput: bytes }]) => ({ path, bytes }));
  return {
    file,
    bytes: (await stat(file)).size,
    modules: modules.filter(({ bytes }) => bytes > 0).toSorted(largestFirst),
  };
}

/** The executable holds this name: it must say nothing about the machine. */
export const BUNDLE_NAME = "pod-qos.cjs";

function largestFirst(one: Module, other: Module): number {
  return other.bytes - one.bytes || (one.path < other.path ? -1 : 1);
}
