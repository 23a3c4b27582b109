/** A Debian package on the disk, read back by dpkg-deb before it has its name. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type Arch, executableName, readProject } from "../build/project.ts";
import { debName, debOf } from "./deb.ts";
import { manualOf } from "./manual.ts";
import { outputOf } from "./start.ts";

export type DebFile = {
  readonly arch: Arch;
  /** Where the build has left its files. */
  readonly built: string;
  readonly out: string;
  readonly changelog: string;
  readonly epochSeconds: number;
};

/** Its path. */
export async function makeDeb({ arch, built, out, changelog, epochSeconds }: DebFile): Promise<string> {
  const { version } = readProject();
  const source = join(built, executableName(arch));
  const path = join(out, debName({ arch, version }));
  const content = debOf({
    arch,
    version,
    executable: await readFile(source),
    notices: await readFile(join(built, "THIRD_PARTY_NOTICES"), "utf8"),
    changelog,
    manual: manualOf(await outputOf(arch, source, "--help"), version),
    epochSeconds,
  });
  await mkdir(out, { recursive: true });
  await writeFile(`${path}.part`, content);
  await execa("dpkg-deb", ["--contents", `${path}.part`]);
  await rename(`${path}.part`, path);
  return path;
}
