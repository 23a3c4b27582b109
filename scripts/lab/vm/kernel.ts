/** Which stock kernel to boot, and which of its modules an early boot needs. */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { VmError } from "./errors.ts";
import { matches } from "./features.ts";

export type StockKernel = {
  readonly version: string;
  readonly image: string;
  readonly modules: string;
};

/** The newest Debian kernel here that has both its image and its modules. */
export function findKernel(): StockKernel {
  const kernels = matches("/boot/vmlinuz-*-amd64")
    .map((name) => name.slice("vmlinuz-".length))
    .filter((version) => existsSync(`/lib/modules/${version}/modules.dep`))
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const version = kernels.at(-1);
  if (version === undefined)
    throw new VmError("no /boot/vmlinuz-*-amd64 with modules: apt-get install linux-image-amd64");
  return { version, image: `/boot/vmlinuz-${version}`, modules: `/lib/modules/${version}` };
}

/** Module files for these names in the order insmod needs: what each depends on comes before it. */
export function moduleFiles(kernel: StockKernel, names: readonly string[]): readonly string[] {
  const dependencies = readDependencies(kernel);
  const ordered = new Set<string>();
  const visit = (path: string): void => {
    if (ordered.has(path)) return;
    for (const dependency of dependencies.get(path) ?? []) visit(dependency);
    ordered.add(path);
  };
  const paths = new Map([...dependencies.keys()].map((path) => [moduleName(path), path]));
  const builtin = new Set(readLines(join(kernel.modules, "modules.builtin")).map(moduleName));
  for (const name of names) {
    const path = paths.get(name);
    if (path !== undefined) visit(path);
    else if (!builtin.has(name)) throw new VmError(`kernel ${kernel.version} has no module ${name}`);
  }
  return [...ordered].map((path) => join(kernel.modules, path));
}

/** modules.dep: `path: dependency dependency ...`, relative to the modules folder. */
function readDependencies(kernel: StockKernel): ReadonlyMap<string, readonly string[]> {
  const lines = readLines(join(kernel.modules, "modules.dep"));
  return new Map(
    lines.map((line) => {
      const [path = "", rest = ""] = line.split(":");
      return [path, rest.split(" ").filter((each) => each !== "")];
    }),
  );
}

function moduleName(path: string): string {
  return basename(path).replace(/\.ko(\.xz|\.zst|\.gz)?$/, "");
}

function readLines(file: string): readonly string[] {
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}
