/** What an uninstall notes before it takes a conf away, for a later run: nothing else names a state directory of its own by then. */
import { rmSync } from "node:fs";
import { readJson, writeJson } from "../../state/file.ts";
import { leavingFile } from "../../state/leaving.ts";
import { onNode } from "../../runtime/paths.ts";

export function notedStateDirs(root: string): readonly string[] {
  const noted = readJson(onNode(root, leavingFile));
  return Array.isArray(noted) ? noted.filter((each) => typeof each === "string" && each.startsWith("/")) : [];
}

export function noteStateDirs(root: string, stateDirs: readonly string[]): void {
  const path = onNode(root, leavingFile);
  const all = new Set([...notedStateDirs(root), ...stateDirs]);
  writeJson(path, [...all], `${path}.tmp`);
}

/** All is gone, or pod-qos is back. */
export function forgetStateDirs(root: string): void {
  rmSync(onNode(root, leavingFile), { force: true });
}
