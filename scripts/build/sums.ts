/** SHA256SUMS of what a release consists of, in the format of sha256sum. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ARCHS, executableName } from "./project.ts";

export async function checksums(folder: string): Promise<string> {
  const present = await readdir(folder);
  return checksumsOf(
    folder,
    RELEASED.filter((name) => present.includes(name)),
  );
}

export async function checksumsOf(folder: string, names: readonly string[]): Promise<string> {
  const lines = await Promise.all(
    names.map(async (name) => `${await sha256(join(folder, name))}  ${name}\n`),
  );
  return lines.join("");
}

const RELEASED = [...ARCHS.map(executableName), "pod-qos.meta.json", "THIRD_PARTY_NOTICES"];

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}
