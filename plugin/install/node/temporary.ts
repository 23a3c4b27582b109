/** Files and directories that are there for a moment, and those that a killed run has left. Their names say whose they are. */
import { readdirSync, rmSync, statSync } from "node:fs";
import { lifeOf, ownProcess } from "../../kernel/process.ts";

/** Hidden, and with an ending that no runtime reads: CRI-O takes hidden confs as well. */
export function temporaryName(serial = 0): string {
  const { pid, startTime, pidNamespace, bootId } = ownProcess();
  const parts = [pid, startTime, pidNamespace, bootId, serial];
  return `${beginning}${parts.map(encodeURIComponent).join("~")}${ending}`;
}

const beginning = ".pod-qos~";
const ending = ".tmp";

/** Removes what runs have left that are over. One in another pid namespace may still be at work for some minutes. */
export function sweep(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (isLeftover(directory, name)) rmSync(`${directory}/${name}`, { recursive: true, force: true });
  }
}

const longestRunMs = 10 * 60_000;

function isLeftover(directory: string, name: string): boolean {
  if (!name.startsWith(beginning) || !name.endsWith(ending)) return false;
  const [pid = "", startTime = "", pidNamespace = "", bootId = ""] = name
    .slice(beginning.length, -ending.length)
    .split("~")
    .map(decodeURIComponent);
  switch (lifeOf({ pid: Number(pid), startTime, pidNamespace, bootId })) {
    case "ended":
      return true;
    case "running":
      return false;
    case "hidden": {
      const changed = statSync(`${directory}/${name}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      return Date.now() - changed > longestRunMs;
    }
  }
}
