/** Where the tools of the node are. */
import { accessSync, constants } from "node:fs";

/** Looked into first: kubelet's PATH need not have the sbin directories, and each miss is a system call. */
const standardPath = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

export function findTool(name: string): string | undefined {
  return searchPath()
    .map((directory) => `${directory}/${name}`)
    .find(isExecutable);
}

export function searchPath(): readonly string[] {
  const given = (process.env["PATH"] ?? "").split(":").filter((directory) => directory.startsWith("/"));
  return [...new Set([...standardPath, ...given])];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
