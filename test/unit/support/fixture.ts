import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A file under test/unit/, as text. */
export function fixture(...path: readonly string[]): string {
  return readFileSync(join(import.meta.dirname, "..", ...path), "utf8");
}
