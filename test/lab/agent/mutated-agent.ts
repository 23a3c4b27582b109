import { resolve } from "node:path";
import { startAgent, type Agent } from "./agent.ts";
import type { Mutant } from "./mutants.ts";
import type { LabNode } from "../node/node.ts";

/** An agent of the sources as they are but for one thing, beside the executable that is right. */
export const startMutant = (node: LabNode, mutant: Mutant): Promise<Agent> =>
  startAgent(node, {
    readyWithinMs: 60_000,
    command: [process.execPath, "--import", fileOf("mutant-hook.ts"), fileOf("../../../plugin/main.ts")],
    env: { POD_QOS_MUTANT: JSON.stringify(mutant) },
  });

const fileOf = (name: string): string => resolve(import.meta.dirname, name);
