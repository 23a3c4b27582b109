/**
 * Who said what of a node's uplinks: `uplinks/<device>.json` is what stands and whose word it was, `uplinks/<device>/`
 * has a file for each network with what it said last. One file has one writer, so nothing is lost without a lock.
 */
import { linkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { isObject } from "../cni/fields.ts";
import type { Said } from "../policy/uplink/agree.ts";
import { namesIn, readJson, writeJson } from "./file.ts";

/** What a network says now. Several ADDs of one network write the same. */
export function keepWord(stateDir: string, said: Said): void {
  keep(wordPath(stateDir, said.uplink.device, said.network), said);
}

/** What each network said last. */
export function readWords(stateDir: string, device: string): readonly Said[] {
  const directory = directoryOf(stateDir, device);
  return namesIn(directory)
    .filter((name) => name.endsWith(".json"))
    .map((name) => asSaid(readJson(`${directory}/${name}`)))
    .filter((said) => said !== undefined);
}

/** Whether a network spoke within the last minute. */
export function isFresh(stateDir: string, device: string, network: string): boolean {
  return isYoungerThan(freshForMs, wordPath(stateDir, device, network));
}

/** Whether the device's sets were held against the records within so many milliseconds. */
export function wasCompared(stateDir: string, device: string, withinMs: number): boolean {
  return isYoungerThan(withinMs, comparedPath(stateDir, device));
}

/** Where that cannot be written, the next ADD compares again: no harm. */
export function noteCompared(stateDir: string, device: string): void {
  try {
    writeFileSync(comparedPath(stateDir, device), "", { mode: 0o600 });
  } catch {
    // "uplink remove" may have taken the directory away in this moment.
  }
}

/** A file from the future is old: the clock was set back since. */
function isYoungerThan(ms: number, path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  // Date.now() has no fraction of a millisecond, and mtime has.
  const ageMs = stat === undefined ? -1 : Date.now() - Math.floor(stat.mtimeMs);
  return ageMs >= 0 && ageMs < ms;
}

const freshForMs = 60_000;

/** What stands, with the conf that it came of. */
export function readStandingSaid(stateDir: string, device: string): Said | undefined {
  return asSaid(readJson(standingPath(stateDir, device)));
}

export function keepStanding(stateDir: string, said: Said): void {
  keep(standingPath(stateDir, said.uplink.device), said);
}

/** Of several that are the first, one: a link to a name that exists is refused. What stands then. */
export function keepFirst(stateDir: string, mine: Said): Said | undefined {
  const path = standingPath(stateDir, mine.uplink.device);
  const draft = `${directoryOf(stateDir, mine.uplink.device)}/${mine.network}.${process.pid}.first`;
  keep(draft, mine);
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return asSaid(readJson(path));
}

/** What stands, and whose word it was: a former build's too. */
export function readStanding(stateDir: string, device: string): Word | undefined {
  return asWord(readJson(standingPath(stateDir, device)));
}

/** The devices that have an uplink by our records. */
export function listUplinks(stateDir: string): readonly string[] {
  return namesIn(`${stateDir}/uplinks`).flatMap((name) =>
    name.endsWith(".json") ? [name.slice(0, -".json".length)] : [],
  );
}

export function forgetUplink(stateDir: string, device: string): void {
  rmSync(standingPath(stateDir, device), { force: true });
  rmSync(directoryOf(stateDir, device), { force: true, recursive: true });
}

/** Each writer has a name of its own to do it beside. */
function keep(path: string, said: Said): void {
  writeJson(path, said, `${path}.${process.pid}.tmp`);
}

/** What a conf came to. */
type Word = Omit<Said, "conf">;

/** A former build kept what a conf came to and not the conf: nothing can be held to that. */
function asSaid(value: unknown): Said | undefined {
  return isObject(value) && hasClasses(value["conf"]) && asWord(value) !== undefined
    ? (value as Said)
    : undefined;
}

/** Ours, mode 0600, whole or not there; what an editor or a disk did to it counts for nothing. */
function asWord(value: unknown): Word | undefined {
  const whole = isObject(value) && typeof value["network"] === "string" && hasClasses(value["uplink"]);
  return whole ? (value as Word) : undefined;
}

function hasClasses(value: unknown): boolean {
  return (
    isObject(value) &&
    Array.isArray(value["classes"]) &&
    value["classes"].every((each) => isObject(each) && typeof each["name"] === "string")
  );
}

function wordPath(stateDir: string, device: string, network: string): string {
  return `${directoryOf(stateDir, device)}/${network}.json`;
}

function comparedPath(stateDir: string, device: string): string {
  return `${directoryOf(stateDir, device)}/compared`;
}

function standingPath(stateDir: string, device: string): string {
  return `${stateDir}/uplinks/${device}.json`;
}

function directoryOf(stateDir: string, device: string): string {
  return `${stateDir}/uplinks/${device}`;
}
