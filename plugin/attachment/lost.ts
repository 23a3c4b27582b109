/** Whether a pod without a record may have had one: looks at files, so that the first ADD of a pod pays nothing. */
import { statSync } from "node:fs";
import { isObject } from "../cni/fields.ts";
import { bootId } from "../kernel/linux.ts";
import { readJson } from "../state/file.ts";
import { hasRecords } from "../state/record-file.ts";

/** The first ADD of a pod comes within seconds of its namespace. */
const firstAddWithinMs = 60_000;

/** The state directory is new or was lost, or is so much younger than the pod that it was lost before. */
export function recordMayBeLost(stateDir: string, netns: string): boolean {
  if (!hasRecords(stateDir)) return true;
  const since = rememberedSince(stateDir);
  const namespace = statSync(netns, { throwIfNoEntry: false });
  return since !== undefined && namespace !== undefined && namespace.ctimeMs < since - firstAddWithinMs;
}

/** Since when, in this boot, the state directory has remembered what the kernel can do; undefined where it does not say. */
export function rememberedSince(stateDir: string): number | undefined {
  const cached = readJson(featuresPath(stateDir));
  if (!isObject(cached) || cached["bootId"] !== bootId()) return undefined;
  return typeof cached["since"] === "number" ? cached["since"] : undefined;
}

export function featuresPath(stateDir: string): string {
  return `${stateDir}/features.json`;
}
