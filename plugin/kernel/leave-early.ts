/**
 * When a removal has done its work though its tool still runs. The kernel makes the caller wait until it may free memory,
 * 10 to 30 ms that a pod's deletion need not take: the tool ends by itself.
 */
import { readFileSync } from "node:fs";
import type { Program } from "../program/program.ts";
import { nodeHasLink } from "./linux.ts";

/** Asked again and again with the tool's process ID. */
export type Done = (pid: number) => boolean;

export function workIsDone(program: Program): Done | undefined {
  switch (program.tool) {
    case "link":
      return program.place === "node"
        ? () => !program.objects.some(({ name }) => nodeHasLink(name))
        : undefined;
    case "iptables":
    case "ip6tables":
      return waitsInClose();
    case "tc":
      return undefined;
  }
}

const closeNumbers: Partial<Record<NodeJS.Architecture, number>> = { x64: 3, arm64: 57 };

/**
 * iptables-restore commits, then closes its netlink socket, and that close is what waits. Seen there twice, a millisecond
 * apart, it has committed: no other close takes that long. Where /proc does not tell, its end is waited for.
 */
function waitsInClose(): Done {
  const number = closeNumbers[process.arch];
  let seen = 0;
  return (pid) => {
    seen = number !== undefined && currentCall(pid)?.startsWith(`${number} `) === true ? seen + 1 : 0;
    return seen >= 2;
  };
}

function currentCall(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/syscall`, "utf8");
  } catch {
    return undefined;
  }
}
