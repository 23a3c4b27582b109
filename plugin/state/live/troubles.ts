/** `live/troubles.json`: the attachments of this node that are not in step, and why. The agent writes it, `show` reads it. */
import { unlinkSync } from "node:fs";
import { isObject } from "../../cni/fields.ts";
import type { Identity } from "../../datapath/names.ts";
import { hasTexts } from "../../program/whole.ts";
import { isAbsence, readJson, writeJson } from "../file.ts";
import { liveDirectory } from "./place.ts";

const format = 1;

/** "pending": what is requested now has not been decided or applied yet. "failed": it cannot be, and the pod keeps what it has. */
export type Trouble = { readonly state: "pending" | "failed"; readonly reason: string };

export type Troubled = Identity & Trouble;

export function writeTroubles(stateDir: string, troubles: readonly Troubled[]): void {
  const path = pathIn(stateDir);
  writeJson(path, { format, troubles }, `${path}.tmp`);
}

/** What an agent left that ended says nothing of now. */
export function removeTroubles(stateDir: string): void {
  try {
    unlinkSync(pathIn(stateDir));
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}

/** undefined where there are none, or none that this build can read. */
export function readTroubles(stateDir: string): readonly Troubled[] | undefined {
  const value = readJson(pathIn(stateDir));
  const troubles = isObject(value) && value["format"] === format ? value["troubles"] : undefined;
  return Array.isArray(troubles) && troubles.every(isTroubled) ? troubles : undefined;
}

function isTroubled(value: unknown): value is Troubled {
  return (
    isObject(value) &&
    hasTexts(value, ["network", "containerId", "ifname", "reason"]) &&
    (value["state"] === "pending" || value["state"] === "failed")
  );
}

function pathIn(stateDir: string): string {
  return `${liveDirectory(stateDir)}/troubles.json`;
}
