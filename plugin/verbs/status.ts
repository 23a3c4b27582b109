/** STATUS: could the next ADD succeed? Asked every few seconds, so a few stats and no process. */
import { accessSync, constants, lstatSync } from "node:fs";
import { CniError, ErrorCode, messageOf } from "../errors.ts";
import { parseConf, type Conf, type Discipline } from "../cni/conf.ts";
import type { UplinkConf } from "../cni/uplink.ts";
import { networkName } from "../cni/request.ts";
import { findTool } from "../kernel/find-tool.ts";
import { policeBucket, shapeBucket } from "../datapath/rates.ts";
import type { Cap } from "../policy/caps.ts";
import { validateConf } from "../policy/policy.ts";
import type { Command } from "./context.ts";

const tools = ["tc", "ip", "nsenter", "unshare"];
/** A pod may ask for a mark where these are missing, and hears of it then; every pod will, if the conf does. */
const markTools = ["iptables-restore", "ip6tables-restore"];
/** The same of rules. */
const ruleTools = [...markTools, "ipset"];

export const status: Command = async ({ document }) => {
  const conf = parseConf(document, networkName(document));
  for (const cap of validateConf(conf)) assertHeld(cap, conf.discipline);
  if (conf.rules !== undefined) (await import("../policy/own-rules.ts")).parseConfRules(conf.rules);
  if (conf.uplink !== undefined) await assertUplink(conf.uplink, conf.defaults.class);
  const { policyDir, stateDir } = conf;
  const needed = neededTools(conf);
  const missing = needed.filter((tool) => findTool(tool) === undefined);
  if (missing.length > 0) {
    throw notReady(
      `not found on this node: ${missing.join(", ")}`,
      "install iproute2, util-linux, iptables and ipset",
    );
  }
  if (policyDir !== undefined) await assertPolicies(policyDir, stateDir);
  try {
    const place = nearestExisting(stateDir);
    // The trailing slash makes it an error that it is no directory.
    accessSync(`${place}/`, constants.W_OK);
  } catch (error) {
    throw notReady(`the state directory ${stateDir} cannot be written`, messageOf(error));
  }
  return undefined;
};

/** At the smallest MTU there is: what the pod's link will be is not known yet. */
function assertHeld(cap: Cap, discipline: Discipline): void {
  const smallestMtu = 68;
  if (discipline === "police") policeBucket(cap, smallestMtu);
  else shapeBucket(cap, smallestMtu);
}

function neededTools({ defaults, rules, policyDir, uplink }: Conf): readonly string[] {
  if (rules !== undefined || policyDir !== undefined || uplink !== undefined) return [...tools, ...ruleTools];
  return defaults.dscp === undefined ? tools : [...tools, ...markTools];
}

/** Files that no ADD could be served with. What is wrong for the pods of one namespace is theirs to hear: others are well. */
async function assertPolicies(policyDir: string, stateDir: string): Promise<void> {
  try {
    await (await import("../state/policies.ts")).assertReadable({ policyDir, stateDir });
  } catch (error) {
    throw notReady(messageOf(error), error instanceof CniError ? error.details : "");
  }
}

/** Its classes, that of pods that say nothing, and whether this node has the link: read from sysfs. */
async function assertUplink(conf: UplinkConf, fallback: string | undefined): Promise<void> {
  const { assertUplinkConf, assertUplinkLink } = await import("../attachment/uplink/choose.ts");
  assertUplinkConf(conf, fallback);
  try {
    assertUplinkLink(conf);
  } catch (error) {
    throw notReady("the uplink cannot be had", messageOf(error));
  }
}

function notReady(message: string, details: string): CniError {
  return new CniError(ErrorCode.notAvailable, `pod-qos cannot serve ADD: ${message}`, details);
}

/** A link that leads nowhere is there all the same, and in the way. */
function nearestExisting(path: string): string {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return path;
  return nearestExisting(path.slice(0, path.lastIndexOf("/")) || "/");
}
