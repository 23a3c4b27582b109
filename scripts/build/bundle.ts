/** TypeScript and libraries to minified parts, and the few lines that load them. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { build, type Plugin } from "esbuild";
import { BuildError } from "./errors.ts";
import { ROOT } from "./project.ts";

export type Bundle = {
  /** What Node runs first. */
  readonly loader: string;
  readonly parts: readonly PartFile[];
  readonly bytes: number;
  /** What each source file contributes, the largest first. Files that contribute nothing are left out. */
  readonly modules: readonly Module[];
};

/** A script that gives a function of exports, require and module. */
export type PartFile = {
  /** What the loader asks for. */
  readonly name: string;
  readonly file: string;
};

export type Module = {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly bytes: number;
};

type BundleRequest = {
  readonly entry: string;
  /** Directory the files are left in. */
  readonly work: string;
  readonly version: string;
};

export async function bundle({ entry, work, version }: BundleRequest): Promise<Bundle> {
  const parts = await partsFrom(resolve(ROOT, entry), version);
  const folder = join(work, "parts");
  await mkdir(folder, { recursive: true });
  const files = parts.map(({ name }, at) => ({ name, file: join(folder, `${at}`) }));
  await Promise.all(parts.map(({ text }, at) => writeFile(files[at]?.file ?? "", wrapped(text))));
  const loader = join(work, BUNDLE_NAME);
  await writeFile(loader, loaderOf(entryName(resolve(ROOT, entry))));
  return {
    loader,
    parts: files,
    bytes: parts.reduce((sum, { text }) => sum + text.length, 0),
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
    plugins: [late(ask), apart(ask), withoutDeadWeight()],
  });
  if (warnings.length > 0) throw new BuildError(warnings.map(({ text }) => text).join("; "));
  const [output] = outputFiles;
  if (output === undefined) throw new BuildError("esbuild made no file");
  const modules = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).map(([path, { bytesInOutput: bytes }]) => ({
      // Of a namespace of our own esbuild has the whole path.
      path: path.replace(`${ROOT}/`, ""),
      bytes,
    })),
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

/**
 * Makes a part of its own of what few pods have a use for, which the loader brings when it is first called: to evaluate ipaddr.js
 * costs 0.7 ms, and zod, which the selectors of an uplink's classes are read by, 1 ms.
 */
function late(ask: (file: string) => void): Plugin {
  return {
    name: "late",
    setup: ({ onResolve, onLoad, resolve: find }) => {
      onResolve({ filter: LATE_MODULES }, async ({ kind, path, resolveDir, namespace, pluginData }) => {
        if (pluginData === asked || kind === "entry-point") return undefined;
        if (namespace !== LATE)
          return { path: join(resolveDir, path), namespace: LATE, pluginData: { path, resolveDir } };
        const { path: file, errors } = await find(path, { kind, resolveDir, pluginData: asked });
        if (errors.length > 0) return { errors };
        ask(file);
        return { path: entryName(file), external: true };
      });
      onLoad({ filter: /./, namespace: LATE }, ({ pluginData: { path, resolveDir } }) => ({
        contents: `const load = () => require(${JSON.stringify(path)});
          export default new Proxy({}, { get: (_, name) => load()[name] });
          export const parseSelector = (...given) => load().parseSelector(...given);`,
        resolveDir,
      }));
    },
  };
}

const LATE_MODULES = /^ipaddr\.js$|\/label\/parse-selector\.ts$/;

const LATE = "late";

/**
 * client-node's config refers to an HTTP client and to models of all Kubernetes objects, for clients that we do not make
 * with it. They are nine tenths of it: left in they cost the agent 1.1 MB of text and 8 to 14 MB of memory.
 */
function withoutDeadWeight(): Plugin {
  return {
    name: "without dead weight",
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: /^(undici|\.\/gen\/index\.js)$/ }, ({ importer, path }) =>
        importer.includes("/@kubernetes/client-node/dist/") ? { path, namespace: EMPTY } : undefined,
      );
      onLoad({ filter: /./, namespace: EMPTY }, () => ({ contents: "module.exports = {};" }));
    },
  };
}

const EMPTY = "empty";

/** Says nothing about the machine, nor where its node_modules are. */
function entryName(file: string): string {
  const [, library] = /.*\/node_modules\/(.*)$/.exec(file) ?? [];
  return library === undefined ? `./${relative(ROOT, file)}` : `./library/${library}`;
}

function wrapped(text: string): string {
  return `(function(exports,require,module){${text}\n})`;
}

/**
 * The parts are assets of the executable, which cost nothing before they are asked for; as strings in this script they
 * cost every verb 5 ms. V8's compiled form lies beside each where the build could make one. esbuild writes ASCII only.
 */
function loaderOf(entry: string): string {
  return `"use strict";
const {getRawAsset}=require("node:sea"),{Script}=require("node:vm"),loaded={};
function load(name){
  if(!name.startsWith("./"))return require(name);
  if(!Object.hasOwn(loaded,name)){
    const module=loaded[name]={exports:{}};
    const text=Buffer.from(getRawAsset(name)).latin1Slice();
    new Script(text,{filename:name,cachedData:code(name)}).runInThisContext()(module.exports,load,module);
  }
  return loaded[name].exports;
}
function code(name){
  try{return Buffer.from(getRawAsset(name+"${CODE_SUFFIX}"))}catch{}
}
load(${JSON.stringify(entry)});
`;
}

/** After the name of a part: the asset with its compiled form. */
export const CODE_SUFFIX = ":code";

/** The executable holds this name: it must say nothing about the machine. */
const BUNDLE_NAME = "pod-qos.cjs";

function largestFirst(one: Module, other: Module): number {
  return other.bytes - one.bytes || (one.path < other.path ? -1 : 1);
}
