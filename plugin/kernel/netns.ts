/** Where a program runs: on the node, or inside the namespace that CNI_NETNS names. */
import { statfsSync, statSync } from "node:fs";
import { CniError, ErrorCode } from "../errors.ts";
import type { Batch, Place } from "../program/program.ts";
import { run, type Outcome } from "./exec.ts";
import { findTool } from "./find-tool.ts";

/** nsenter takes any path; `ip -n` wants a name under /run/netns, which CNI does not promise. */
export function runAt(
  place: Place,
  netns: string,
  { argv, input }: Batch,
  done?: (pid: number) => boolean,
): Promise<Outcome> {
  const [tool = "", ...args] = argv;
  // nsenter is given the full path, or it would look through PATH again; of a missing tool `run` itself tells best.
  const path = findTool(tool);
  const entered = ["nsenter", `--net=${netns}`, "--", path ?? tool, ...args];
  return run(place === "node" || path === undefined ? argv : entered, input, done);
}

/** The file systems that namespaces are files of; before Linux 3.19 they were files of /proc. */
const namespaceFileSystems: ReadonlySet<number> = new Set([0x6e736673, 0x9fa0]);

/** A path that was unmounted but not deleted is an empty file: nobody is in there any more. */
export function netnsExists(path: string): boolean {
  if (path === "" || statSync(path, { throwIfNoEntry: false }) === undefined) return false;
  return namespaceFileSystems.has(statfsSync(path).type);
}

/** Limits meant for a pod must never land on the node itself. */
export function assertPodNetns(path: string): void {
  const pod = statSync(path, { throwIfNoEntry: false });
  if (pod === undefined || !netnsExists(path)) {
    throw new CniError(
      ErrorCode.invalidEnvironment,
      `CNI_NETNS ${JSON.stringify(path)} ${pod === undefined ? "does not exist" : "is not a network namespace"}`,
    );
  }
  const own = statSync("/proc/self/ns/net", { throwIfNoEntry: false });
  if (own !== undefined && own.dev === pod.dev && own.ino === pod.ino) {
    throw new CniError(
      ErrorCode.invalidNetns,
      `CNI_NETNS ${JSON.stringify(path)} is the node's own network namespace, not a pod's`,
    );
  }
}
