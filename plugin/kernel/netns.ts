/** Where a program runs: on the node, or inside the namespace that CNI_NETNS names. */
import { existsSync, statfsSync, statSync } from "node:fs";
import { CniError, ErrorCode } from "../errors.ts";
import type { Batch } from "../program/handler.ts";
import type { Place } from "../program/program.ts";
import { run, type Outcome } from "./exec.ts";
import { findTool } from "./find-tool.ts";
import { bootId } from "./linux.ts";
import { pidNamespace } from "./process.ts";

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
  return run(place === "node" || path === undefined ? argv : entered, input, { done });
}

/** The file systems that namespaces are files of; before Linux 3.19 they were files of /proc. */
const namespaceFileSystems: ReadonlySet<number> = new Set([0x6e736673, 0x9fa0]);

/**
 * Which namespace a path leads to now; undefined when to none: it is gone, unmounted (an empty file), or cannot be looked at.
 * Paths are reused (/proc/PID/ns/net above all), so what is done for a pod goes by this.
 */
export function netnsId(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return namespaceFileSystems.has(statfsSync(path).type) ? `${dev}:${ino}` : undefined;
  } catch {
    return undefined;
  }
}

/** From where a path leads to a namespace: two processes for which it is the same see the same file, or its absence, there. */
export type View = {
  readonly bootId: string;
  /** The path's directory, and of a path in /proc whose process numbers they are. */
  readonly place: string;
};

/** undefined where the path's directory is not there. */
export function viewOf(path: string): View | undefined {
  const place = path.startsWith("/proc/") ? pidNamespace() : fileId(path.slice(0, path.lastIndexOf("/")));
  return place === undefined || place === "" ? undefined : { bootId: bootId(), place };
}

function fileId(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

export function ownNetnsId(): string | undefined {
  return netnsId("/proc/self/ns/net");
}

/** Limits meant for a pod must never land on the node itself. */
export function assertPodNetns(path: string): string {
  const id = netnsId(path);
  if (id === undefined) {
    throw new CniError(
      ErrorCode.invalidEnvironment,
      `CNI_NETNS ${JSON.stringify(path)} ${existsSync(path) ? "is not a network namespace" : "does not exist"}`,
    );
  }
  if (id === ownNetnsId()) {
    throw new CniError(
      ErrorCode.invalidNetns,
      `CNI_NETNS ${JSON.stringify(path)} is the node's own network namespace, not a pod's`,
    );
  }
  return id;
}
