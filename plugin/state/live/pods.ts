/** `live/pods/<what CNI calls the pod's UID>.json`: what the API says of each pod of this node. */
import { unlinkSync } from "node:fs";
import { isObject } from "../../cni/fields.ts";
import { isPodId, podIds, type KnownPod } from "../../knowledge/pod.ts";
import { hasTexts } from "../../program/whole.ts";
import { isAbsence, namesIn, readJson, writeJson } from "../file.ts";
import { liveDirectory } from "./place.ts";

const format = 1;

export function writeKnownPod(stateDir: string, pod: KnownPod): void {
  for (const id of podIds(pod)) {
    const path = pathOf(stateDir, id);
    // The agent alone writes here, so the name beside the file need not be random.
    writeJson(path, { format, pod }, `${path}.tmp`);
  }
}

/** `id`: as a runtime says it, K8S_POD_UID. undefined where there is none, or none that this build can read. */
export function readKnownPod(stateDir: string, id: string): KnownPod | undefined {
  if (!isPodId(id)) return undefined;
  const pod = asKnownPod(readJson(pathOf(stateDir, id)));
  return pod !== undefined && podIds(pod).includes(id) ? pod : undefined;
}

export function removeKnownPod(stateDir: string, id: string): void {
  try {
    unlinkSync(pathOf(stateDir, id));
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}

/** Of which pods there is a file, by what a runtime calls their UID. */
export function knownPodIds(stateDir: string): readonly string[] {
  return namesIn(`${liveDirectory(stateDir)}/pods`)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length));
}

/** By hand: loading zod costs a tenth of the time that bare Node takes to start, for each pod. */
function asKnownPod(value: unknown): KnownPod | undefined {
  const pod = isObject(value) && value["format"] === format ? value["pod"] : undefined;
  const isWhole =
    isObject(pod) &&
    hasTexts(pod, ["uid", "namespace", "name"]) &&
    (pod["configHash"] === undefined || typeof pod["configHash"] === "string") &&
    areTexts(pod["labels"]) &&
    areTexts(pod["annotations"]);
  return isWhole ? (pod as unknown as KnownPod) : undefined;
}

function areTexts(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((text) => typeof text === "string");
}

function pathOf(stateDir: string, id: string): string {
  return `${liveDirectory(stateDir)}/pods/${id}.json`;
}
