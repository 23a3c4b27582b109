/** `live/agent.json`: which agent is at work on this node, and when its loop last turned. */
import { unlinkSync } from "node:fs";
import { isObject } from "../../cni/fields.ts";
import { lifeOf, ownProcess, upTime, type Process } from "../../kernel/process.ts";
import { hasTexts } from "../../program/whole.ts";
import { isAbsence, readJson, writeJson } from "../file.ts";
import { liveDirectory, placeFault } from "./place.ts";

const format = 1;

export type Turn = {
  /** An agent that follows no pods writes no files for them, so ADD must not wait for one. */
  readonly followsPods: boolean;
  /** Its API server is away, so it sees no new pods: the files count as they are, and ADD waits for none. */
  readonly isCutOff?: boolean;
};

export type Agent = Turn &
  Process & { /** Seconds since the boot, of the last turn. */ readonly uptime: number };

/** At each turn of the loop, every few seconds. */
export function writeTurn(stateDir: string, { followsPods, isCutOff = false }: Turn): void {
  const agent: Agent = {
    ...ownProcess(),
    uptime: upTime(),
    followsPods,
    ...(isCutOff && { isCutOff }),
  };
  const path = pathIn(stateDir);
  writeJson(path, { format, ...agent }, `${path}.tmp`);
}

/** An agent that is stopped says so, and ADD does not wait for it. */
export function removeTurn(stateDir: string): void {
  try {
    unlinkSync(pathIn(stateDir));
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}

export function isFresh(stateDir: string): boolean {
  return freshAgent(stateDir) !== undefined;
}

/** The agent that is at work; undefined where there is none, it hangs, or this build cannot read its file. */
export function freshAgent(stateDir: string): Agent | undefined {
  return placeFault(stateDir) === undefined ? agentAtWork(stateDir) : undefined;
}

/** For who has seen that the place can be believed. */
export function agentAtWork(stateDir: string): Agent | undefined {
  const agent = asAgent(readJson(pathIn(stateDir)));
  if (agent === undefined) return undefined;
  return isRecent(agent, upTime()) && lifeOf(agent) === "running" ? agent : undefined;
}

const freshForSeconds = 15;

/** A turn from the future is of another boot, or forged. */
function isRecent({ uptime }: Agent, now: number): boolean {
  const age = now - uptime;
  return age >= 0 && age < freshForSeconds;
}

function asAgent(value: unknown): Agent | undefined {
  const isWhole =
    isObject(value) &&
    value["format"] === format &&
    typeof value["pid"] === "number" &&
    typeof value["uptime"] === "number" &&
    typeof value["followsPods"] === "boolean" &&
    ["boolean", "undefined"].includes(typeof value["isCutOff"]) &&
    hasTexts(value, ["pidNamespace", "startTime", "bootId"]);
  return isWhole ? (value as unknown as Agent) : undefined;
}

function pathIn(stateDir: string): string {
  return `${liveDirectory(stateDir)}/agent.json`;
}
