/** Where runtimes have their conf and bin directories: by what the node's files say, distribution by distribution. */
import { directoriesIn } from "./directories.ts";
import { textOnNode } from "./paths.ts";
import { isDirectory, platformOf } from "./platforms.ts";

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
  const said = platform.configs.map((path) => directoriesIn(textOnNode(root, path)));
  const confDir = given.confDir ?? said.flatMap(({ confDirs }) => confDirs)[0] ?? platform.confDir;
  const binDirs =
    given.binDir === undefined
      ? [...new Set([...said.flatMap((each) => each.binDirs), ...platform.binDirs])].filter((path) =>
          isDirectory(root, path),
        )
      : [given.binDir];
  return { platform: platform.name, confDir, binDirs };
}
