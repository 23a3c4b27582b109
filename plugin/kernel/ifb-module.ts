/** Loads the ifb module without the two devices it would otherwise put on the node. */
import { existsSync } from "node:fs";
import { run } from "./exec.ts";

/**
 * Creating the first ifb loads the module, and the module on its own accord makes ifb0 and ifb1 on the node, which nobody
 * asked for and nobody would take away. If this fails the link's own error tells more.
 */
export async function ensureIfbModule(): Promise<void> {
  if (existsSync("/sys/module/ifb") || !existsSync("/proc/modules")) return;
  await run(["modprobe", "ifb", "numifbs=0"], "");
}
