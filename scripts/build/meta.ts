/** pod-qos.meta.json: what each module weighs, for reviews. Pure. */
import type { Bundle, Module } from "./bundle.ts";
import { packageFolder } from "./notices.ts";
import type { Project } from "./project.ts";

export function sizeReport({ version, nodeVersion }: Project, { bytes, modules }: Bundle): string {
  const named = modules.map((module) => ({ ...module, path: relocated(module.path) }));
  const report = {
    version,
    node: nodeVersion,
    bundleBytes: bytes,
    parts: parts(named),
    modules: toObject(named),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Sums per package, ours by folder: the first thing to look at. */
function parts(modules: readonly Module[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const { path, bytes } of modules) {
    const part = packageFolder(path) ?? path.split("/").slice(0, -1).join("/");
    sums.set(part, (sums.get(part) ?? 0) + bytes);
  }
  return Object.fromEntries([...sums].toSorted((one, other) => other[1] - one[1]));
}

function toObject(modules: readonly Module[]): Readonly<Record<string, number>> {
  return Object.fromEntries(modules.map(({ path, bytes }) => [path, bytes]));
}

/** node_modules may be a link to somewhere else: the way there is cut off. */
function relocated(path: string): string {
  return path.replace(/^.*?(?=node_modules\/)/, "");
}
