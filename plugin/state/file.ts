/** Small JSON files that are whole or not there: written beside their place, then renamed. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** undefined for a file that is missing, torn or not JSON. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** `temporary` must have one writer at a time; a fixed name means that what a killed writer left is overwritten. */
export function writeJson(path: string, value: unknown, temporary: string): void {
  mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
  writeFileSync(temporary, JSON.stringify(value), { mode: 0o600 });
  renameSync(temporary, path);
}
