/**
 * What networks declare of a node's uplinks: `uplinks/<device>.json` is what stands and which network declared it,
 * `uplinks/<device>/` has a file for each network with its last declaration. One file has one writer, so nothing is lost
 * without a lock.
 */
import { linkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { isObject } from "../cni/fields.ts";
import type { Declaration } from "../policy/uplink/agree.ts";
import { namesIn, readJson, writeJson } from "./file.ts";

/** Several ADDs of one network write the same. */
export function keepDeclaration(stateDir: string, declaration: Declaration): void {
  keep(declarationPath(stateDir, declaration.uplink.device, declaration.network), declaration);
}

/** The last one of each network. */
export function readDeclarations(stateDir: string, device: string): readonly Declaration[] {
  const directory = directoryOf(stateDir, device);
  return namesIn(directory)
    .filter((name) => name.endsWith(".json"))
    .map((name) => asDeclaration(readJson(`${directory}/${name}`)))
    .filter((declaration) => declaration !== undefined);
}

/** Whether a network spoke within the last minute. */
export function isFresh(stateDir: string, device: string, network: string): boolean {
  return isYoungerThan(freshForMs, declarationPath(stateDir, device, network));
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
export function readStandingDeclaration(stateDir: string, device: string): Declaration | undefined {
  return asDeclaration(readJson(standingPath(stateDir, device)));
}

export function keepStanding(stateDir: string, declaration: Declaration): void {
  keep(standingPath(stateDir, declaration.uplink.device), declaration);
}

/** Of several that are the first, one: a link to a name that exists is refused. What stands then. */
export function keepFirst(stateDir: string, mine: Declaration): Declaration | undefined {
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
  return asDeclaration(readJson(path));
}

/** What stands, and which network declared it: a former build's too. */
export function readStanding(stateDir: string, device: string): StandingUplink | undefined {
  return asStanding(readJson(standingPath(stateDir, device)));
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
function keep(path: string, declaration: Declaration): void {
  writeJson(path, declaration, `${path}.${process.pid}.tmp`);
}

/** What a conf came to, without the conf. */
type StandingUplink = Omit<Declaration, "conf">;

/** A former build kept what a conf came to and not the conf: nothing can be held to that. */
function asDeclaration(value: unknown): Declaration | undefined {
  return isObject(value) && hasClasses(value["conf"]) && asStanding(value) !== undefined
    ? (value as Declaration)
    : undefined;
}

/** Ours, mode 0600, whole or not there; what an editor or a disk did to it counts for nothing. */
function asStanding(value: unknown): StandingUplink | undefined {
  const whole = isObject(value) && typeof value["network"] === "string" && hasClasses(value["uplink"]);
  return whole ? (value as StandingUplink) : undefined;
}

function hasClasses(value: unknown): boolean {
  return (
    isObject(value) &&
    Array.isArray(value["classes"]) &&
    value["classes"].every((each) => isObject(each) && typeof each["name"] === "string")
  );
}

function declarationPath(stateDir: string, device: string, network: string): string {
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
