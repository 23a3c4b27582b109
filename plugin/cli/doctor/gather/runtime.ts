/** The container runtime, asked for what it has loaded. */
import { existsSync } from "node:fs";
import { run } from "../../../kernel/exec.ts";
import { askRuntime } from "../../../runtime/ask.ts";
import { onNode } from "../../../runtime/paths.ts";
import { findService, findSockets } from "../../../runtime/sockets.ts";
import type { RuntimeFacts, Where } from "../facts.ts";

/** `named`: the one socket to ask. */
export async function runtimeFacts({ root, socket: named }: Where): Promise<RuntimeFacts> {
  const sockets =
    named === undefined ? findSockets(root) : [named].filter((path) => existsSync(onNode(root, path)));
  const answer = await askRuntime(root, sockets, (argv) =>
    run(root === "" ? argv : ["chroot", root, ...argv], ""),
  );
  if (answer.answers) return answer;
  return { ...answer, service: named === undefined ? findService(root) : undefined };
}
