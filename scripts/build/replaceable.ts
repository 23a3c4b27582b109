/** Whether what `--out` names may be removed for what is made anew. */
import { readdir } from "node:fs/promises";
import { BuildError } from "./errors.ts";

/** `mark`: the file that shows that we made it. */
export async function assertReplaceable(folder: string, mark: string): Promise<void> {
  const names = await namesIn(folder);
  if (names.length > 0 && !names.includes(mark))
    throw new BuildError(`${folder} is not empty and has no ${mark}: not replaced`);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return [];
    if (code === "ENOTDIR") throw new BuildError(`${folder} is no folder: not replaced`);
    throw error;
  }
}
