/** Conf directories as values: of fixtures, and as they are once the changes of a plan are made. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ConfFile } from "../../../plugin/install/chain/file.ts";
import type { Change, Seen } from "../../../plugin/install/chain/model.ts";

const fixtures = resolve(import.meta.dirname, "../fixtures/net.d");

export const cases: readonly string[] = readdirSync(fixtures).toSorted();

export function seenIn(name: string): Seen {
  const directory = join(fixtures, name);
  const files = readdirSync(directory).map((file) =>
    confFile(file, readFileSync(join(directory, file), "utf8")),
  );
  return seenOf(files);
}

export function seenOf(files: readonly ConfFile[], dropIns: readonly ConfFile[] = []): Seen {
  return { confDir: "/etc/cni/net.d", files, dropIns, runtime: { name: "containerd", version: "2.1.0" } };
}

export function confFile(name: string, text: string): ConfFile {
  const sha256 = createHash("sha256").update(text).digest("hex");
  return { name, text, sha256, fault: undefined };
}

export function after(seen: Seen, changes: readonly Change[]): Seen {
  const put = (files: readonly ConfFile[], isOf: (file: string) => boolean): readonly ConfFile[] => {
    const mine = changes.filter(({ file }) => isOf(file));
    const kept = files.filter(({ name }) => !mine.some(({ file }) => file === name));
    return [...kept, ...mine.flatMap(({ file, text }) => (text === undefined ? [] : [confFile(file, text)]))];
  };
  return {
    ...seen,
    files: put(seen.files, (file) => !file.includes("/")),
    dropIns: put(seen.dropIns, (file) => file.includes("/")),
  };
}

/** Name to text, in order: what `diff -r` would compare. */
export function contents({ files, dropIns }: Seen): readonly (readonly [string, string | undefined])[] {
  return [...files, ...dropIns]
    .map(({ name, text }) => [name, text] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
}
