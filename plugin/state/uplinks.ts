/**
 * Who said what of a node's uplinks: `uplinks/<device>.json` is what stands and whose word it was, `uplinks/<device>/`
 * has a file for each network with what it said last. One file has one writer, so nothing is lost without a lock.
 */
import { linkSync, rmSync, statSync, unlinkSync } from "node:fs";
import { isObject } from "../cni/fields.ts";
import type { Said } from "../policy/uplink/agree.ts";
import { namesIn, readJson, writeJson } from "./file.ts";

/** Settles with the other networks, as `settle` has it, and keeps what was said, also when that is refused. */
export function say(
  stateDir: string,
  mine: Said,
  settle: (standing: Said | undefined, others: readonly Said[]) => "stands" | "is new",
): void {
  const { device } = mine.uplink;
  // Mine first: of two that speak at once, one at least has heard the other.
  keep(wordPath(stateDir, device, mine.network), mine);
  const others = otherNetworks(stateDir, mine);
  const standing = asSaid(readJson(standingPath(stateDir, device))) ?? firstWord(stateDir, mine);
  if (settle(standing, others) === "is new") keep(standingPath(stateDir, device), mine);
}

/** A pod's record comes a little later than its network's word. */
export function isFresh(stateDir: string, device: string, network: string): boolean {
  try {
    return Date.now() - statSync(wordPath(stateDir, device, network)).mtimeMs < freshForMs;
  } catch {
    return false;
  }
}

const freshForMs = 60_000;

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

/** Of several that are the first, one: a link to a name that exists is refused. */
function firstWord(stateDir: string, mine: Said): Said | undefined {
  const path = standingPath(stateDir, mine.uplink.device);
  const draft = `${directoryOf(stateDir, mine.uplink.device)}/${mine.network}.${process.pid}.first`;
  keep(draft, mine);
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    unlinkSync(draft);
  }
  return asSaid(readJson(path));
}

function otherNetworks(stateDir: string, { network, uplink }: Said): readonly Said[] {
  const directory = directoryOf(stateDir, uplink.device);
  return namesIn(directory)
    .filter((name) => name.endsWith(".json"))
    .map((name) => asSaid(readJson(`${directory}/${name}`)))
    .filter((said) => said !== undefined)
    .filter((said) => said.network !== network);
}

/** Several ADDs of one network write the same; each has a name of its own to do it beside. */
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

function standingPath(stateDir: string, device: string): string {
  return `${stateDir}/uplinks/${device}.json`;
}

function directoryOf(stateDir: string, device: string): string {
  return `${stateDir}/uplinks/${device}`;
}
