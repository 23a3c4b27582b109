/** The files of a policy directory: which there are, how to tell that one changed, and their documents. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { CniError, ErrorCode, messageOf } from "../errors.ts";
import type { Directory } from "../policy/manifests/manifest.ts";

/** How the directory stood at one moment. */
export type Stamps = {
  readonly names: readonly string[];
  /** Differs whenever a file was added, removed, replaced or written, as far as timestamps can tell. */
  readonly key: string;
  /** When a file last changed: ctime, which nobody can choose. */
  readonly youngestMs: number;
  readonly takenMs: number;
};

export function stampFiles(directory: string): Stamps {
  const takenMs = Date.now();
  const stamps = listFiles(directory).flatMap((name) => stampOf(directory, name));
  return {
    names: stamps.map(({ name }) => name),
    key: [directory, buildStamp(), ...stamps.map(({ text }) => text)].join("\n"),
    youngestMs: stamps.reduce((youngest, { ctimeMs }) => Math.max(youngest, ctimeMs), 0),
    takenMs,
  };
}

/** What is wrong with a manifest begins with the name of its file. */
export function inDirectory(directory: string, { code, message, details }: CniError): CniError {
  return new CniError(code, `${directory}/${message}`, details);
}

const attempts = 5;

/** What the files say at one moment: read again when one of them changed while they were being read. */
export async function compileFiles(
  directory: string,
  before: Stamps,
): Promise<{ readonly compiled: Directory; readonly stamps: Stamps }> {
  let stamps = before;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const outcome = await readAndCompile(directory, stamps.names).catch((error: unknown) => ({ error }));
    const after = stampFiles(directory);
    if (after.key === stamps.key) {
      if ("error" in outcome) throw outcome.error;
      return { compiled: outcome.compiled, stamps };
    }
    stamps = after;
  }
  throw new CniError(
    ErrorCode.tryAgainLater,
    `the files in ${directory} change faster than they can be read: ${attempts} attempts`,
  );
}

async function readAndCompile(
  directory: string,
  names: readonly string[],
): Promise<{ readonly compiled: Directory }> {
  // Loaded for who compiles: most find all of it in the cache.
  const { compile } = await import("../policy/manifests/compile.ts");
  const { parseFile } = await import("../policy/manifests/parse-file.ts");
  try {
    const files = [];
    for (const name of names) files.push(await parseFile(name, readText(directory, name)));
    return { compiled: compile(files) };
  } catch (error) {
    throw error instanceof CniError ? inDirectory(directory, error) : error;
  }
}

/** Names in the order of their code points. What begins with a dot is an editor's, or Kubernetes' own in a mounted ConfigMap. */
function listFiles(directory: string): readonly string[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `policyDir ${directory} cannot be read: create it (empty, if there are no policies), or take the key out of the conf`,
      messageOf(error),
    );
  }
  return names.filter((name) => /^[^.].*\.(?:yaml|yml|json)$/s.test(name)).toSorted();
}

type Stamp = { readonly name: string; readonly text: string; readonly ctimeMs: number };

/**
 * Times are kept to a quarter of a microsecond, all that a number has room for. That is plenty: what was compiled is kept only if
 * no file had changed for two seconds, so a later change is later by that much. Nanoseconds would cost twice the time.
 *
 * A file that is listed and not there went away just now, or is a link to nothing: then reading it says so.
 */
function stampOf(directory: string, name: string): readonly Stamp[] {
  const stat = statSync(`${directory}/${name}`, { throwIfNoEntry: false });
  if (stat === undefined) return [{ name, text: JSON.stringify(name), ctimeMs: 0 }];
  if (stat.isDirectory()) return [];
  // A pipe or a device has no end to read to.
  if (!stat.isFile()) throw new CniError(ErrorCode.invalidConfig, `${directory}/${name} is no regular file`);
  const { size, mtimeMs, ctimeMs, ino, dev } = stat;
  return [{ name, text: [JSON.stringify(name), size, mtimeMs, ctimeMs, ino, dev].join(" "), ctimeMs }];
}

/** What another build made of the files may not be what this one would. */
function buildStamp(): string {
  const { size, mtimeMs, ino, dev } = statSync(process.execPath);
  return [size, mtimeMs, ino, dev].join(" ");
}

function readText(directory: string, name: string): string {
  try {
    return readFileSync(`${directory}/${name}`, "utf8");
  } catch (error) {
    throw new CniError(ErrorCode.invalidConfig, `${name} cannot be read`, messageOf(error));
  }
}
