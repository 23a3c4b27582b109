/** TypeScript and libraries to one CommonJS file of minified parts. */
import { stat, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
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
  const parts = await partsFrom(resolve(ROOT, entry), version);
  const file = join(work, BUNDLE_NAME);
  await writeFile(file, joined(parts, entryName(resolve(ROOT, entry))));
  return {
    file,
    bytes: (await stat(file)).size,
    modules: parts
      .flatMap(({ modules }) => modules)
      .filter(({ bytes }) => bytes > 0)
      .toSorted(largestFirst),
  };
}

type Part = { readonly name: string; readonly text: string; readonly modules: readonly Module[] };

/**
 * One part for the entry and one for each module that any part imports dynamically. A part has a copy of whatever it needs:
 * then a verb is one text, where shared pieces would be thirty.
 */
async function partsFrom(entry: string, version: string): Promise<readonly Part[]> {
  const waiting = [entry];
  const parts: Part[] = [];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (parts.some(({ name }) => name === entryName(file ?? ""))) continue;
    parts.push(await partOf(file, version, (target) => waiting.push(target)));
  }
  return parts.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

async function partOf(entry: string, version: string, ask: (file: string) => void): Promise<Part> {
  const { metafile, outputFiles, warnings } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: BUNDLE_NAME,
    write: false,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    // import() becomes require(), which is the loader's.
    supported: { "dynamic-import": false },
    minify: true,
    keepNames: false,
    legalComments: "none",
    define: { __VERSION__: JSON.stringify(version) },
    metafile: true,
    logLevel: "error",
    tsconfig: join(ROOT, "tsconfig.json"),
    plugins: [apart(ask)],
  });
  if (warnings.length > 0) throw new BuildError(warnings.map(({ text }) => text).join("; "));
  const [output] = outputFiles;
  if (output === undefined) throw new BuildError("esbuild made no file");
  const modules = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).map(([path, { bytesInOutput: bytes }]) => ({ path, bytes })),
  );
  return { name: entryName(entry), text: output.text, modules };
}

/** Leaves dynamic imports to the loader. */
function apart(ask: (file: string) => void): Plugin {
  return {
    name: "apart",
    setup: ({ onResolve, resolve: find }) => {
      onResolve({ filter: /./ }, async ({ kind, path, resolveDir, pluginData }) => {
        if (kind !== "dynamic-import" || pluginData === asked) return undefined;
        const { path: file, errors } = await find(path, { kind, resolveDir, pluginData: asked });
        if (errors.length > 0) return { errors };
        ask(file);
        return { path: entryName(file), external: true };
      });
    },
  };
}

const asked = Symbol("asked by ourselves");

/** Says nothing about the machine, nor where its node_modules are. */
function entryName(file: string): string {
  const [, library] = /.*\/node_modules\/(.*)$/.exec(file) ?? [];
  return library === undefined ? `./${relative(ROOT, file)}` : `./library/${library}`;
}

/**
 * The parts as texts, each made into code when it is first asked for. V8 reads through all of a script before it runs the
 * first line, 2 ms for 60 kB of code and 8 for 260, but over a string it only skips: a verb pays for what it uses.
 */
function joined(parts: readonly Part[], entry: string): string {
  const sources = Object.fromEntries(parts.map(({ name, text }) => [name, text]));
  return `"use strict";const sources=${JSON.stringify(sources)};${LOADER}load(${JSON.stringify(entry)});\n`;
}

const LOADER = `
const loaded={};
function load(name){
  if(!Object.hasOwn(sources,name))return require(name);
  if(!Object.hasOwn(loaded,name)){
    const module=loaded[name]={exports:{}};
    new Function("exports","require","module",sources[name])(module.exports,load,module);
  }
  return loaded[name].exports;
}
`;

/** The executable holds this name: it must say nothing about the machine. */
const BUNDLE_NAME = "pod-qos.cjs";

function largestFirst(one: Module, other: Module): number {
  return other.bytes - one.bytes || (one.path < other.path ? -1 : 1);
}
