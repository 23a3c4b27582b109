import { execa } from "execa";
import type { LabNode } from "../node/node.ts";
import { linkPlugin } from "./plugin.ts";

/** An ADD whose conf comes byte by byte from a client of Node's own: its pipes are sockets that do not block. */
export const addSlowly = async (
  node: LabNode,
  input: string,
  env: Readonly<Record<string, string>>,
): Promise<string> => {
  const [command = "", ...args] = [...node.prefix, linkPlugin(node)];
  const running = execa(command, args, {
    env: { CNI_COMMAND: "ADD", CNI_IFNAME: "eth0", ...env },
    stdin: "pipe",
    timeout: 60_000,
  });
  await pause(300);
  for (const [at, character] of [...input].entries()) {
    running.stdin.write(character);
    if (at % 20 === 0) await pause(5);
  }
  running.stdin.end();
  return (await running).stdout;
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
