/** An agent that is ended by SIGKILL while it changes an attachment. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Identity } from "../../../plugin/datapath/names.ts";
import { agentAtWork } from "../../../plugin/state/live/agent.ts";
import { lockEntries } from "../../../plugin/state/locks.ts";
import { readRecord } from "../../../plugin/state/store.ts";
import { startAgent, until, type Agent } from "./agent.ts";
import type { LabNode } from "../node/node.ts";
import { linkPlugin } from "../plugin/plugin.ts";

/** The first of a process group of its own; here once it knows all that decisions need. The start's own work goes on. */
export const startInGroup = async (node: LabNode, args: readonly string[]): Promise<Agent> => {
  const command = ["setsid", linkPlugin(node)];
  const agent = await startAgent(node, { args, command, ready: false });
  await until("the agent is in step", () => agentAtWork(stateDirOf(node))?.pid === agent.pid, 15_000);
  return agent;
};

export type Strike = {
  readonly node: LabNode;
  readonly agent: Agent;
  readonly identity: Identity;
  /** Since it has the attachment's lock. */
  readonly afterMs: number;
  /** Its tools too, as systemd and a container's end do. */
  readonly whole: boolean;
  /** It has the lock. */
  readonly onWork: () => void;
};

/** "too early": it did not come to the attachment. "too late": it had done with it. */
export type Struck = {
  readonly hit: "too early" | "in the midst" | "too late";
  /** Its record lists what was and what shall be. */
  readonly isUnfinished: boolean;
  /** How long it was seen at work. */
  readonly workedMs: number;
};

export const strike = async ({ node, agent, identity, afterMs, whole, onWork }: Strike): Promise<Struck> => {
  const stateDir = stateDirOf(node);
  // Once its runtime has had it deleted there is nothing to wait for.
  const isThere = (): boolean => readRecord(stateDir, identity) !== undefined;
  const isAtWork = (): boolean => lockEntries(stateDir, identity).some(({ pid }) => pid === agent.pid);
  const hasCome = (await within(longestWaitMs, () => isAtWork() || !isThere())) && isAtWork();
  const began = performance.now();
  if (hasCome) onWork();
  const hasLeft = hasCome && (await within(afterMs, () => !isAtWork()));
  const workedMs = Math.round(performance.now() - began);
  const hit = !hasCome ? "too early" : hasLeft ? "too late" : "in the midst";
  const isUnfinished = readRecord(stateDir, identity)?.unfinished === true;
  if (whole) process.kill(-agent.pid, "SIGKILL");
  await agent.kill();
  return { hit, isUnfinished, workedMs };
};

const longestWaitMs = 3_000;

/**
 * How long its work at an attachment takes by now, as each strike tells: it differs from change to change and with what else the
 * machine does. One that came too late has seen the whole of it.
 */
export const corrected = (spanMs: number, { hit, workedMs }: Pick<Struck, "hit" | "workedMs">): number => {
  switch (hit) {
    case "too early":
      return spanMs;
    case "in the midst":
      return spanMs * 1.1;
    case "too late":
      return (spanMs + Math.max(workedMs, leastSpanMs)) / 2;
  }
};

/** Less is no work of its own: it found all as it shall be. */
const leastSpanMs = 10;

/** Looks each millisecond. */
const within = async (ms: number, isSo: () => boolean): Promise<boolean> => {
  const began = performance.now();
  while (!isSo()) {
    if (performance.now() - began >= ms) return false;
    await sleep(1);
  }
  return true;
};

const stateDirOf = (node: LabNode): string => node.path("/run/pod-qos");
