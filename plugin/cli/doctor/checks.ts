/** Every check, in the order in which they are printed. */
import { agentChecks } from "./checks/agent.ts";
import { chainChecks } from "./checks/chain.ts";
import { entryChecks } from "./checks/entry.ts";
import { executableChecks } from "./checks/executables.ts";
import { nodeChecks } from "./checks/node.ts";
import { podsChecks } from "./checks/pods.ts";
import { runtimeChecks } from "./checks/runtime.ts";
import { stateChecks } from "./checks/state.ts";
import { uplinkChecks } from "./checks/uplink.ts";
import type { Check, Finding } from "./check.ts";
import type { Facts } from "./facts.ts";

export const checks: readonly Check[] = [
  ...nodeChecks,
  ...runtimeChecks,
  ...chainChecks,
  ...entryChecks,
  ...executableChecks,
  ...agentChecks,
  ...stateChecks,
  ...uplinkChecks,
  ...podsChecks,
];

export type Diagnosis = { readonly check: Check; readonly finding: Finding | undefined };

export function diagnose(facts: Facts): readonly Diagnosis[] {
  return checks.map((check) => ({ check, finding: check.find(facts) }));
}

/** 0: all is well. 1: something is not. 2: something could not be looked at. */
export function exitCodeOf(diagnoses: readonly Diagnosis[]): number {
  const grades = diagnoses.map(({ finding }) => finding?.grade);
  if (grades.includes("unseen")) return 2;
  return grades.every((grade) => grade === undefined) ? 0 : 1;
}
