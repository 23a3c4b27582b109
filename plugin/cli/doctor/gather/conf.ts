/** Our entry, put to the checks of STATUS. */
import { existsSync } from "node:fs";
import { parseConf, type Conf } from "../../../cni/conf.ts";
import type { JsonObject } from "../../../cni/fields.ts";
import { CniError, messageOf } from "../../../errors.ts";
import { statusChecks } from "../../../report/status-checks.ts";
import type { ConfFacts, Fault } from "../facts.ts";

export type NodePaths = { readonly root: string; readonly stateDir: string };

export async function confFacts(
  entry: JsonObject | undefined,
  { root, stateDir }: NodePaths,
): Promise<ConfFacts> {
  const faults: Record<string, Fault> = {};
  const note = (name: string, error: unknown): void => {
    faults[name] = { message: messageOf(error), details: error instanceof CniError ? error.details : "" };
  };
  let conf: Conf;
  try {
    conf = parseConf(entry ?? { type: "pod-qos" }, String(entry?.["name"] ?? ""));
  } catch (error) {
    note("conf", error);
    return { entry, faults };
  }
  const { policyDir } = conf;
  const below = { ...conf, stateDir, policyDir: policyDir === undefined ? undefined : root + policyDir };
  for (const { name, check } of statusChecks) {
    try {
      await check(below);
    } catch (error) {
      note(name, error);
    }
  }
  return {
    entry: entry && { ...entry, ...(policyDir !== undefined && { policyDir: root + policyDir }) },
    faults,
    ...(below.policyDir !== undefined && { hasPolicyDir: existsSync(below.policyDir) }),
  };
}
