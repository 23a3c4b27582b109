/** Takes away what is ours of an uplink, whatever its conf was, and nothing else. */
import { CniError, ErrorCode } from "../../errors.ts";
import { emptyChain } from "../../datapath/uplink/rules.ts";
import { uplinkRoot } from "../../datapath/uplink/tree.ts";
import type { Batch } from "../../program/handler.ts";
import { describeChain } from "../../program/iptables/chain.ts";
import { foreignRule, removeShared } from "../../program/iptables/shared.ts";
import { destroySet } from "../../program/ipset/members.ts";
import { removeTc } from "../../program/tc/render.ts";
import { rootOwner } from "../../program/tc/tree.ts";
import { run } from "../exec.ts";
import { kernelHasIpv6, nodeHasLink } from "../linux.ts";
import { refusal } from "../refusal.ts";
import { readOurSets } from "./members.ts";
import { observeChain, observeSet, observeTree } from "./observe.ts";

export type Removal = {
  /** In words, as `kept`. */
  readonly removed: readonly string[];
  /** What is ours and could not go. */
  readonly kept: readonly string[];
};

/** `sets`: those that the conf gave its classes. Others of ours go only if they are empty: they may be another uplink's. */
export async function removeUplink(device: string, sets: readonly string[]): Promise<Removal> {
  const rules = await removeAllRules(device);
  const tree = await removeOwnTree(device);
  const { removed, kept } = await removeSets(sets);
  return { removed: [...rules, ...tree, ...removed], kept };
}

async function removeAllRules(device: string): Promise<readonly string[]> {
  const chain = emptyChain(device);
  const removed: string[] = [];
  for (const family of kernelHasIpv6() ? (["iptables", "ip6tables"] as const) : (["iptables"] as const)) {
    const seen = await observeChain(family, chain);
    const foreign = foreignRule(chain, seen);
    const name = describeChain(family, chain.name);
    if (foreign !== undefined) {
      throw new CniError(
        ErrorCode.foreignObject,
        `${name} has a rule that is not ours, "${foreign}": take it out first`,
      );
    }
    const batch = removeShared(family, seen);
    if (batch === undefined) continue;
    await mustDo(batch);
    removed.push(name, ...seen.hookRules.map((rule) => `${family} mangle rule ${rule}`));
  }
  return removed;
}

async function removeOwnTree(device: string): Promise<readonly string[]> {
  if (!nodeHasLink(device)) return [];
  const seen = await observeTree(device);
  const root = uplinkRoot(device);
  if (rootOwner(root, seen) !== "ours") return [];
  await mustDo(removeTc([root]));
  return [`root qdisc htb 1: on ${device} and its classes`];
}

/** The kernel refuses to destroy one that rules look into: those of another uplink, or of the operator's own. */
async function removeSets(named: readonly string[]): Promise<Removal> {
  const [removed, kept]: [string[], string[]] = [[], []];
  for (const name of await readOurSets()) {
    const isOfThis = named.includes(name);
    if (!isOfThis && (await observeSet(name))?.entries.length !== 0) continue;
    const { exitCode, stderr } = await run(destroySet(name).argv, "");
    if (exitCode === 0) removed.push(`ipset ${name}`);
    else if (isOfThis) kept.push(`ipset ${name}: ${stderr.trim()}`);
  }
  return { removed, kept };
}

async function mustDo(batch: Batch): Promise<void> {
  const outcome = await run(batch.argv, batch.input);
  if (outcome.exitCode !== 0) throw refusal("node", batch, outcome);
}
