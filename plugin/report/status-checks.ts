/**
 * Could the next ADD of a network succeed on this node? One question each: STATUS stops at the first that is answered with no.
 * Asked every few seconds, so a few stats and no process.
 */
import { accessSync, constants, lstatSync } from "node:fs";
import type { Conf, Discipline } from "../cni/conf.ts";
import { policeBucket, shapeBucket } from "../datapath/rates.ts";
import { CniError, ErrorCode, messageOf } from "../errors.ts";
import { findTool } from "../kernel/find-tool.ts";
import type { Cap } from "../policy/cap/cap.ts";
import { validateConf } from "../policy/policy.ts";

export type StatusCheck = {
  readonly name: keyof typeof wants;
  /** Throws what is wrong, with the code that STATUS answers with. */
  readonly check: (conf: Conf) => void | Promise<void>;
};

/** What is so where a check passes. `doctor` says it of its checks that ask the same. */
export const wants = {
  caps: "the conf's own caps and mark can be held",
  rules: "the conf's own rules are rules",
  classes: "the conf's classes fit its uplink",
  uplink: "the uplink's link is there and can hold the classes",
  tools: "the tools that pods of this conf need are there",
  manifests: "every file of the policy directory can be read",
  state: "the state directory can be written",
} as const;

/** What the conf gets wrong comes before what the node lacks for it. */
export const statusChecks: readonly StatusCheck[] = [
  { name: "caps", check: checkCaps },
  { name: "rules", check: checkRules },
  { name: "classes", check: checkClasses },
  { name: "uplink", check: checkUplink },
  { name: "tools", check: checkTools },
  { name: "manifests", check: checkManifests },
  { name: "state", check: checkState },
];

/** Throws the first fault. */
export async function assertServes(conf: Conf): Promise<void> {
  for (const { check } of statusChecks) await check(conf);
}

function checkCaps(conf: Conf): void {
  for (const cap of validateConf(conf)) assertHeld(cap, conf.discipline);
}

/** At the smallest MTU there is: what the pod's link will be is not known yet. */
function assertHeld(cap: Cap, discipline: Discipline): void {
  const smallestMtu = 68;
  if (discipline === "police") policeBucket(cap, smallestMtu);
  else shapeBucket(cap, smallestMtu);
}

async function checkRules({ rules }: Conf): Promise<void> {
  if (rules !== undefined) (await import("../policy/rule/own-rules.ts")).parseConfRules(rules);
}

async function checkClasses({ uplink, defaults }: Conf): Promise<void> {
  if (uplink === undefined) return;
  (await import("../attachment/uplink/choose.ts")).assertUplinkConf(uplink, defaults.class);
}

/** Whether this node has the link: read from sysfs. */
async function checkUplink({ uplink }: Conf): Promise<void> {
  if (uplink === undefined) return;
  const { assertUplinkLink } = await import("../attachment/uplink/choose.ts");
  try {
    assertUplinkLink(uplink);
  } catch (error) {
    throw notReady("the uplink is unusable", messageOf(error));
  }
}

function checkTools(conf: Conf): void {
  const missing = neededTools(conf).filter((tool) => findTool(tool) === undefined);
  if (missing.length === 0) return;
  throw notReady(
    `not found on this node: ${missing.join(", ")}`,
    "install iproute2, util-linux, iptables and ipset",
  );
}

const tools = ["tc", "ip", "nsenter", "unshare"];
/** A pod may ask for a mark where these are missing, and hears of it then; every pod will, if the conf does. */
const markTools = ["iptables-restore", "ip6tables-restore"];
/** The same of rules. */
const ruleTools = [...markTools, "ipset"];

function neededTools({ defaults, rules, policyDir, uplink }: Conf): readonly string[] {
  if (rules !== undefined || policyDir !== undefined || uplink !== undefined) return [...tools, ...ruleTools];
  return defaults.dscp === undefined ? tools : [...tools, ...markTools];
}

/** Files that no ADD could be served with. What is wrong for the pods of one namespace is theirs to hear: others are well. */
async function checkManifests({ policyDir, stateDir }: Conf): Promise<void> {
  if (policyDir === undefined) return;
  try {
    await (await import("../state/policies.ts")).assertReadable({ policyDir, stateDir });
  } catch (error) {
    throw notReady(messageOf(error), error instanceof CniError ? error.details : "");
  }
}

function checkState({ stateDir }: Conf): void {
  try {
    const place = nearestExisting(stateDir);
    // The trailing slash makes it an error that it is no directory.
    accessSync(`${place}/`, constants.W_OK);
  } catch (error) {
    throw notReady(`the state directory ${stateDir} cannot be written`, messageOf(error));
  }
}

/** A link that leads nowhere is there all the same, and in the way. */
function nearestExisting(path: string): string {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return path;
  return nearestExisting(path.slice(0, path.lastIndexOf("/")) || "/");
}

function notReady(message: string, details: string): CniError {
  return new CniError(ErrorCode.notAvailable, `pod-qos cannot serve ADD: ${message}`, details);
}
