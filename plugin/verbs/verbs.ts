/** The verbs of CNI and the one function for each. A verb's code is loaded when it is called for, not before. */
import type { Verb } from "../cni/call.ts";
import type { Command } from "./context.ts";

export const commands: Readonly<Record<Exclude<Verb, "VERSION">, () => Promise<Command>>> = {
  ADD: async () => (await import("./add.ts")).add,
  DEL: async () => (await import("./del.ts")).del,
  CHECK: async () => (await import("./check.ts")).check,
  GC: async () => (await import("./gc.ts")).gc,
  STATUS: async () => (await import("./status.ts")).status,
};
