/** The conf and bin directories that a runtime's configuration names, in TOML: containerd's, CRI-O's. Comments do not count. Pure. */
import { snap } from "./platforms.ts";

export type Directories = { readonly confDirs: readonly string[]; readonly binDirs: readonly string[] };

export function directoriesIn(toml: string): Directories {
  return {
    confDirs: pathsOf(toml, "conf_dir|network_dir"),
    binDirs: pathsOf(toml, "bin_dir|bin_dirs|plugin_dirs"),
  };
}

function pathsOf(toml: string, keys: string): readonly string[] {
  const value = `\\[[^\\]]*\\]|"[^"\\n]*"|'[^'\\n]*'`;
  const lines = toml.matchAll(new RegExp(`^[ \\t]*(?:${keys})[ \\t]*=[ \\t]*(${value})`, "gm"));
  return [...lines]
    .flatMap(([, said = ""]) => [...said.matchAll(/["']([^"']*)["']/g)])
    .map(([, path = ""]) => path.replaceAll(/\$\{?SNAP_DATA\}?/g, snap))
    .filter((path) => path.startsWith("/"))
    .map((path) => (path.length > 1 ? path.replace(/\/+$/, "") : path));
}
