/** The conf directory and the bin directory, as they are. */
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { messageOf } from "../../../errors.ts";
import { run } from "../../../kernel/exec.ts";
import type { RuntimeAnswer } from "../../../runtime/ask.ts";
import { onNode } from "../../../runtime/paths.ts";
import { findPlaces } from "../../../runtime/places.ts";
import { chainOf } from "../chain.ts";
import type { TextFile } from "../../../cni/chain-file.ts";
import type { ChainFacts, RuntimeFacts, Where } from "../facts.ts";
import { isFrom } from "../version.ts";

/** What is not named is what the runtime says, else where it usually is. */
export async function chainFacts(
  { root, ...where }: Where,
  runtime: RuntimeFacts,
  own: ChainFacts["own"],
): Promise<ChainFacts> {
  const said = runtime.answers ? runtime : { confDir: undefined, binDirs: [] };
  const usual = findPlaces(root, where);
  const confDir = where.confDir ?? said.confDir ?? usual.confDir;
  const binDirs = where.binDir === undefined && said.binDirs.length > 0 ? said.binDirs : usual.binDirs;
  const read = confs(root, confDir);
  const binDir = binDirOf(root, binDirs, chainOf({ ...read, withoutDropIns: undefined }));
  const executables = binDirs.flatMap((directory) =>
    namesOf(seen(root, directory)).filter((name) => isExecutable(seen(root, `${directory}/${name}`))),
  );
  const isInstalled = executables.includes("pod-qos");
  return {
    confDir: seen(root, confDir),
    binDir: seen(root, binDir),
    onNode: { confDir, binDir },
    ...read,
    withoutDropIns: runtime.answers ? withoutDropIns(runtime) : undefined,
    executables,
    version: isInstalled ? await versionOf(root, `${binDir}/pod-qos`) : undefined,
    own,
  };
}

/** Where we are, else where install would put us: beside the primary's plugin. */
function binDirOf(root: string, binDirs: readonly string[], chain: ReturnType<typeof chainOf>): string {
  const first = typeof chain === "object" ? String(chain.plugins[0]?.["type"]) : "";
  const having = (name: string): string | undefined =>
    binDirs.find((directory) => existsSync(seen(root, `${directory}/${name}`)));
  return having("pod-qos") ?? having(first) ?? having("") ?? binDirs[0] ?? "/opt/cni/bin";
}

/** As this process finds it. */
function seen(root: string, path: string): string {
  return root === "" ? path : onNode(root, path);
}

/** libcni reads them from 1.3 on. CRI-O deletes by the file that it added by, and that has none of them. */
function withoutDropIns({ name, version }: RuntimeAnswer): string | undefined {
  if (name === "cri-o") return "CRI-O calls them for ADD alone, and not for DEL";
  if (name !== "containerd" || isFrom(version, [2, 1])) return undefined;
  return `containerd ${version} reads none; 2.1 and later do`;
}

function confs(root: string, confDir: string): Pick<ChainFacts, "fault" | "files" | "dropIns"> {
  try {
    const entries = readdirSync(seen(root, confDir)).toSorted();
    const files = entries.flatMap((name) => textFile(name, seen(root, `${confDir}/${name}`)));
    const directories = entries.map((name) => ({ name, path: seen(root, `${confDir}/${name}`) }));
    const dropIns = directories
      .filter(({ path }) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
      .flatMap(({ name: directory, path }) =>
        namesOf(path).flatMap((name) =>
          textFile(name, seen(root, `${confDir}/${directory}/${name}`)).map((file) => ({
            ...file,
            directory,
          })),
        ),
      );
    return { fault: undefined, files, dropIns };
  } catch (error) {
    return { fault: messageOf(error), files: [], dropIns: [] };
  }
}

/** Larger than any conf. */
const largest = 1024 * 1024;

function textFile(name: string, path: string): readonly TextFile[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size <= largest ? [{ name, text: readFileSync(path, "utf8") }] : [];
}

function namesOf(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory).toSorted() : [];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** By the node's own loader and libraries, as a runtime starts it. */
async function versionOf(root: string, path: string): Promise<string | undefined> {
  const argv = root === "" ? ["env", path] : ["chroot", root, path];
  return versionSaid(await run([...argv, "--version"], ""));
}

export function versionSaid({
  exitCode,
  stdout,
}: {
  readonly exitCode: number;
  readonly stdout: string;
}): string | undefined {
  return exitCode === 0 ? /^pod-qos (\S+)/.exec(stdout)?.[1] : undefined;
}
