/** Where runtimes have their conf and bin directories: by what the node's files say, distribution by distribution. */
import { textOnNode } from "./paths.ts";
import { isDirectory, platformOf, snap } from "./platforms.ts";

export type Places = {
  /** Which row of the table it is. */
  readonly platform: string;
  readonly confDir: string;
  /** Those that are there, the likeliest first. */
  readonly binDirs: readonly string[];
};

export type Given = { readonly confDir: string | undefined; readonly binDir: string | undefined };

export function findPlaces(root: string, given: Given): Places {
  const platform = platformOf(root);
  const said = platform.configs.map((path) => saidBy(textOnNode(root, path)));
  const confDir = given.confDir ?? said.flatMap(({ confDirs }) => confDirs)[0] ?? platform.confDir;
  const binDirs =
    given.binDir === undefined
      ? [...new Set([...said.flatMap((each) => each.binDirs), ...platform.binDirs])].filter((path) =>
          isDirectory(root, path),
        )
      : [given.binDir];
  return { platform: platform.name, confDir, binDirs };
}

/** containerd's conf_dir, bin_dir and bin_dirs, CRI-O's network_dir and plugin_dirs; comments do not count. */
function saidBy(toml: string): { readonly confDirs: readonly string[]; readonly binDirs: readonly string[] } {
  const values = (keys: string): readonly string[] =>
    [
      ...toml.matchAll(
        new RegExp(`^[ \\t]*(?:${keys})[ \\t]*=[ \\t]*(\\[[^\\]]*\\]|"[^"\\n]*"|'[^'\\n]*')`, "gm"),
      ),
    ]
      .flatMap(([, value = ""]) => [...value.matchAll(/["']([^"']*)["']/g)])
      .map(([, path = ""]) => path.replaceAll(/\$\{?SNAP_DATA\}?/g, snap))
      .filter((path) => path.startsWith("/"));
  return { confDirs: values("conf_dir|network_dir"), binDirs: values("bin_dir|bin_dirs|plugin_dirs") };
}
