/** Limits, marks and classes taken off the pods that run, and what we keep of them. What DEL would do for each, with no pod ending. */
import { rmdirSync, rmSync } from "node:fs";
import { isLive } from "../attachment/live.ts";
import { alone, sweepLocks } from "../attachment/lock.ts";
import { takeAwayUplink } from "../attachment/uplink/take-away.ts";
import { undo } from "../attachment/undo.ts";
import { identityFromAlias, isIfbName, sameIdentity, type Identity } from "../datapath/names.ts";
import { messageOf } from "../errors.ts";
import { listNodeLinks, readAlias } from "../kernel/linux.ts";
import { agentAtWork } from "../state/live/agent.ts";
import { listAttachments, listNetworks, readRecord } from "../state/store.ts";
import { listUplinks } from "../state/uplinks.ts";

export type Release = {
  readonly released: number;
  /** Pods that keep what they have, because that was requested. */
  readonly kept: number;
  /** In sentences. */
  readonly failures: readonly string[];
};

export type Which = {
  readonly stateDir: string;
  readonly network: string | undefined;
  /** "ended": those whose network namespace is gone. */
  readonly pods: "all" | "ended";
};

export async function release(which: Which): Promise<Release> {
  const { stateDir, network } = which;
  const failures: string[] = [];
  let [released, kept] = [0, 0];
  for (const identity of attachments(stateDir, network)) {
    try {
      if (await releaseOne(which, identity)) released += 1;
      else kept += 1;
    } catch (error) {
      failures.push(`${identity.containerId} ${identity.ifname}: ${messageOf(error)}`);
    }
  }
  // The uplink is every network's: with another's pods on the node it stays.
  const isLast = failures.length === 0 && attachments(stateDir, undefined).length === 0;
  if (!isLast) return { released, kept, failures };
  const left = await releaseUplinks(stateDir);
  if (left.length === 0) forget(stateDir);
  return { released, kept, failures: left };
}

function releaseOne({ stateDir, pods }: Which, identity: Identity): Promise<boolean> {
  return alone({ stateDir, identity, verb: "uninstall" }, async () => {
    const record = readRecord(stateDir, identity);
    if (pods === "ended" && record !== undefined && isLive(stateDir, record)) return false;
    await undo({ stateDir, identity, record, netns: record?.netns ?? "" });
    return true;
  });
}

/** By the records, and by the ifbs that say themselves whose they are. */
function attachments(stateDir: string, network: string | undefined): readonly Identity[] {
  const recorded = listNetworks(stateDir)
    .filter((each) => network === undefined || each === network)
    .flatMap((each) => listAttachments(stateDir, each));
  const stray = listNodeLinks()
    .filter(isIfbName)
    .flatMap((name) => identityFromAlias(readAlias(name)) ?? [])
    .filter((identity) => network === undefined || identity.network === network)
    .filter((identity) => !recorded.some((one) => sameIdentity(one, identity)));
  return [...recorded, ...stray];
}

async function releaseUplinks(stateDir: string): Promise<readonly string[]> {
  const left: string[] = [];
  for (const device of listUplinks(stateDir)) {
    try {
      const { kept } = await takeAwayUplink(stateDir, device);
      left.push(...kept.map((each) => `${device}: somebody uses ${each}`));
    } catch (error) {
      left.push(`${device}: ${messageOf(error)}`);
    }
  }
  return left;
}

/** By their names: whatever else somebody keeps in that directory is not ours. An agent at work has its files in it. */
const ours = ["attachments", "holders", "policies", "uplinks", "features.json"];

function forget(stateDir: string): void {
  sweepLocks(stateDir);
  const names = agentAtWork(stateDir) === undefined ? [...ours, "live", "locks"] : ours;
  for (const name of names) rmSync(`${stateDir}/${name}`, { recursive: true, force: true });
  try {
    rmdirSync(stateDir);
  } catch {
    // It is not there, or there is more in it.
  }
}
