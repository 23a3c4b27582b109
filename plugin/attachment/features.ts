/**
 * What this kernel can do, cached until the next boot. Where something is missing it is probed again after a while: a module may
 * have been installed.
 */
import { isObject } from "../cni/fields.ts";
import type { Features } from "../datapath/driver.ts";
import { probeFeatures } from "../kernel/features.ts";
import { bootId } from "../kernel/linux.ts";
import { readJson, writeJson } from "../state/file.ts";
import { featuresPath, rememberedSince } from "./lost.ts";

const trustMissingForMs = 10 * 60_000;

/** CHECK must not write, so it reads the cache and, if there is none, tries without keeping the answer. */
export async function readFeatures(stateDir: string, keep: "keep" | "forget"): Promise<Features> {
  const cached = fromCache(readJson(featuresPath(stateDir)));
  if (cached !== undefined) return cached;
  return keep === "keep" ? probeAndKeep(stateDir) : probeFeatures();
}

/** Whether the kernel can do other things than were remembered: a module may have been unloaded since. */
export async function featuresChanged(stateDir: string): Promise<boolean> {
  const remembered = fromCache(readJson(featuresPath(stateDir)));
  return JSON.stringify(await probeAndKeep(stateDir)) !== JSON.stringify(remembered);
}

async function probeAndKeep(stateDir: string): Promise<Features> {
  const features = await probeFeatures();
  const path = featuresPath(stateDir);
  const at = Date.now();
  const kept = { bootId: bootId(), at, since: rememberedSince(stateDir) ?? at, features };
  writeJson(path, kept, `${path}.${process.pid}.tmp`);
  return features;
}

function fromCache(cached: unknown): Features | undefined {
  if (!isObject(cached) || cached["bootId"] !== bootId() || !isObject(cached["features"])) return undefined;
  const { fqCodel, matcher, police } = cached["features"];
  if (typeof fqCodel !== "boolean" || typeof police !== "boolean") return undefined;
  if (matcher !== "matchall" && matcher !== "u32") return undefined;
  const complete = fqCodel && police && matcher === "matchall";
  const age = Date.now() - Number(cached["at"]);
  return complete || (age >= 0 && age < trustMissingForMs) ? { fqCodel, matcher, police } : undefined;
}
