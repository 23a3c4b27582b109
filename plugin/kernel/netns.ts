/** Where a program runs: on the node, or inside the namespace that CNI_NETNS names. */
import { statSync } from "node:fs";
import { CniError, ErrorCode } from "../errors.ts";
import type { Batch, Place } from "../program/program.ts";
import { run, type Outcome } from "./exec.ts";
import { findTool } from "./find-tool.ts";

/** nsenter takes any path; `ip -n` wants a name under /run/netns, which CNI does not promise. */
export function runAt(
  place: Place,
  netns: string,
  { argv, input }: Batch,
  done?: () => boolean,
): Promise<Outcome> {
  const [tool = "", ...args] = argv;
  // nsenter is given the full path, or it would look through PATH again; of a missing tool `run` itself tells best.
  const path = findTool(tool);
  const entered = ["nsenter", `--net=${netns}`, "--", path ?? tool, ...args];
  return run(place === "node" || path === undefined ? argv : entered, input, done);
}

export function netnsExists(path: string): boolean {
  return path !== "" && statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Limits meant for a pod must never land on the node itself. */
export function assertPodNetns(path: string): void {
  const pod = statSync(path, { throwIfNoEntry: false });
  if (pod === undefined) {
    throw new CniError(ErrorCode.invalidEnvironment, `CNI_NETNS ${JSON.stringify(path)} does not exist`);
  }
  const own = statSync("/proc/self/ns/net", { throwIfNoEntry: false });
  if (own !== undefined && own.dev === pod.dev && own.ino === pod.ino) {
    throw new CniError(
      ErrorCode.invalidNetns,
      `CNI_NETNS ${JSON.stringify(path)} is the node's own network namespace, not a pod's`,
    );
  }
}
