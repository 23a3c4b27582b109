/** Commands for people, as text that a shell takes as it stands. Pure. */
import type { JsonObject } from "../../cni/fields.ts";
import type { ChainFacts, Facts } from "./facts.ts";

export function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * Beside its place and then renamed, within the directory: containerd sees a rename only if it begins there, and nobody ever reads a
 * half of it.
 */
export function putJson(directory: string, name: string, document: JsonObject): string {
  const temporary = quoted(`${directory}/.pod-qos.tmp`);
  const text = `'${JSON.stringify(document, null, 2).replaceAll("'", "'\\''")}'`;
  return `printf '%s\\n' ${text} >${temporary} && mv ${temporary} ${quoted(`${directory}/${name}`)}`;
}

export function packages({ node: { hasApt } }: Facts, ...names: readonly string[]): string | undefined {
  return hasApt ? `apt-get install -y ${names.join(" ")}` : undefined;
}

/** The installed executable, or this one where that does not start. */
export function ownProgram({ version, binDir, own }: Pick<ChainFacts, "version" | "binDir" | "own">): string {
  return quoted(version === undefined ? own.path : `${binDir}/pod-qos`);
}

/** A chain of our own before the primary's, with the entry as it is written somewhere, or the plain one. */
export function installed({ chain, root }: Facts, entry?: JsonObject): string {
  const { confDir, binDir } = chain.onNode;
  const where = [
    ...(root === "" ? [] : ["--root", quoted(root)]),
    "--conf-dir",
    quoted(confDir),
    "--bin-dir",
    quoted(binDir),
  ].join(" ");
  const program = quoted(chain.own.path);
  if (entry === undefined) return `${program} install ${where}`;
  return `printf '%s\\n' ${quoted(JSON.stringify(entry))} | ${program} install --entry /dev/stdin ${where}`;
}
