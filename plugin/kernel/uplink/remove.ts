/** Takes away what is ours of an uplink, whatever its conf was, and nothing else. */
import { CniError, ErrorCode } from "../../errors.ts";
import { uplinkNames } from "../../datapath/uplink/rules.ts";
import { uplinkRoot } from "../../datapath/uplink/tree.ts";
import type { Batch } from "../../program/handler.ts";
import { listTc } from "../../program/tc/render.ts";
import { foreignRule, removeRules } from "../../program/uplink/rules.ts";
import { destroySet, listAllSets, ourSets } from "../../program/uplink/sets.ts";
import { parseTree, removeTree, rootOwner } from "../../program/uplink/tree.ts";
import { run } from "../exec.ts";
import { kernelHasIpv6, nodeHasLink } from "../linux.ts";
import { refusal } from "../refusal.ts";
import { observeRules } from "./observe.ts";

/** What it took away, in words. */
export async function removeUplink(device: string): Promise<readonly string[]> {
  const rules = await removeAllRules(device);
  const tree = await removeOwnTree(device);
  return [...rules, ...tree, ...(await removeUnusedSets())];
}

async function removeAllRules(device: string): Promise<readonly string[]> {
  const names = uplinkNames(device);
  const removed: string[] = [];
  for (const tool of kernelHasIpv6() ? (["iptables", "ip6tables"] as const) : (["iptables"] as const)) {
    const seen = await observeRules(tool, names);
    const foreign = foreignRule(names, seen);
    if (foreign !== undefined) {
      throw new CniError(
        ErrorCode.foreignObject,
        `${tool} mangle chain ${names.chain} has a rule that is not ours, "${foreign}": take it out first`,
      );
    }
    const batch = removeRules(tool, names.chain, seen);
    if (batch === undefined) continue;
    await mustDo(batch);
    removed.push(
      `${tool} mangle chain ${names.chain}`,
      ...seen.atHooks.map((rule) => `${tool} mangle rule ${rule}`),
    );
  }
  return removed;
}

async function removeOwnTree(device: string): Promise<readonly string[]> {
  if (!nodeHasLink(device)) return [];
  const { argv, input } = listTc(device);
  const seen = parseTree(device, (await run(argv, input)).stdout);
  if (rootOwner({ root: uplinkRoot(device) }, seen) !== "ours") return [];
  await mustDo(removeTree(device));
  return [`root qdisc htb 1: on ${device} and its classes`];
}

/** The kernel refuses to destroy one that the rules of another uplink look into. */
async function removeUnusedSets(): Promise<readonly string[]> {
  const { argv } = listAllSets();
  const removed: string[] = [];
  for (const name of ourSets((await run(argv, "")).stdout)) {
    const { exitCode } = await run(destroySet(name).argv, "");
    if (exitCode === 0) removed.push(`ipset ${name}`);
  }
  return removed;
}

async function mustDo(batch: Batch): Promise<void> {
  const outcome = await run(batch.argv, batch.input);
  if (outcome.exitCode !== 0) throw refusal("node", batch, outcome);
}
