/** Whether the chain that has us is one that works: its order, our entry, its neighbours. */
import { createHash } from "node:crypto";
import { isObject, type JsonObject } from "../../../cni/fields.ts";
import { annotationsCapability, bandwidthCapability } from "../../../cni/keys.ts";
import { bandwidthType, carriedLimits } from "../../../cni/static-limits.ts";
import { isOurs } from "../../../cni/chain-file.ts";
import { chainOf, type Chain } from "../chain.ts";
import { error, warning, type Check, type Finding } from "../check.ts";
import type { ChainFacts, Facts } from "../facts.ts";
import { installed } from "../shell.ts";
import { put, removed, rewritten } from "./rewritten.ts";
import { statusFault } from "./status.ts";

export const entryChecks: readonly Check[] = [
  { id: "chain-twice", wants: "pod-qos is in the chain once", find: ofTwice },
  { id: "chain-last", wants: "pod-qos is the chain's last plugin", find: ofLast },
  { id: "chain-bandwidth", wants: "the chain has no bandwidth plugin", find: ofBandwidth },
  {
    id: "chain-capabilities",
    wants: "the entry declares what the runtime is to pass on",
    find: ofCapabilities,
  },
  { id: "chain-entry", wants: "ADD accepts the entry", find: ofEntry },
  { id: "chain-stale", wants: "the copied chain is the one in the primary's file", find: ofStale },
];

export function ours(facts: ChainFacts): Chain | undefined {
  const chain = chainOf(facts);
  return typeof chain === "object" && chain.plugins.some(isOurs) ? chain : undefined;
}

function ofTwice({ chain: facts }: Facts): Finding | undefined {
  const chain = ours(facts);
  const times = chain?.plugins.filter(isOurs).length ?? 0;
  if (chain === undefined || times < 2) return undefined;
  const last = chain.plugins.findLast(isOurs);
  const once = chain.plugins.filter((plugin) => !isOurs(plugin) || plugin === last);
  return error(
    `pod-qos is ${times} times in the chain of ${chain.file}: the last entry's limits are what a pod gets`,
    put(facts, chain, once),
  );
}

function ofLast({ chain: facts }: Facts): Finding | undefined {
  const chain = ours(facts);
  const behind = chain?.plugins.slice(chain.plugins.findLastIndex(isOurs) + 1) ?? [];
  if (chain === undefined || behind.length === 0) return undefined;
  const [entries, others] = [chain.plugins.filter(isOurs), chain.plugins.filter((plugin) => !isOurs(plugin))];
  const names = behind.map(({ type }) => String(type)).join(", ");
  return warning(
    `${names} comes after pod-qos in ${chain.file}: pod-qos does not see what it changes on the pod's link`,
    put(facts, chain, [...others, ...entries]),
  );
}

function ofBandwidth({ chain: facts }: Facts): Finding | undefined {
  const chain = ours(facts);
  if (chain === undefined || !chain.plugins.some(isBandwidth)) return undefined;
  const kept = chain.plugins.filter((plugin) => !isBandwidth(plugin));
  return error(
    `${chain.file} has the plugin bandwidth too: both limit by the same annotations, and their qdiscs conflict`,
    put(
      facts,
      chain,
      kept.map((plugin) =>
        isOurs(plugin) ? { ...plugin, ...carriedLimits(chain.plugins, plugin) } : plugin,
      ),
    ),
  );
}

function isBandwidth({ type }: JsonObject): boolean {
  return type === bandwidthType;
}

function ofCapabilities({ chain: facts, conf: { entry } }: Facts): Finding | undefined {
  if (entry === undefined) return undefined;
  const declared = isObject(entry["capabilities"]) ? entry["capabilities"] : {};
  const forgotten = [bandwidthCapability, annotationsCapability].filter((name) => declared[name] !== true);
  if (forgotten.length === 0) return undefined;
  const all = { [bandwidthCapability]: true, [annotationsCapability]: true };
  const mend = rewritten(facts, (own) => ({
    ...own,
    capabilities: { ...(isObject(own["capabilities"]) ? own["capabilities"] : {}), ...all },
  }));
  // What the bandwidth capability says is in the annotations as well.
  const finding = forgotten.includes(annotationsCapability) ? error : warning;
  return finding(
    `the entry does not declare ${forgotten.join(" and ")} in "capabilities": pods' requests through it are lost`,
    mend,
  );
}

/** What STATUS finds in the conf itself. */
function ofEntry({ conf: { faults } }: Facts): Finding | undefined {
  const fault = ["conf", "caps", "rules"].map((name) => faults[name]).find((each) => each !== undefined);
  return fault === undefined
    ? undefined
    : error(`the entry is refused, and no pod starts: ${statusFault(fault)}`);
}

/** What a chain was copied from is written into it. */
function ofStale(all: Facts): Finding | undefined {
  const { chain: facts } = all;
  const chain = ours(facts);
  const source = chain?.document["pod-qos"];
  if (chain === undefined || !isObject(source) || typeof source["from"] !== "string") return undefined;
  const { from } = source;
  const file = facts.files.find(({ name }) => name === from);
  const own = `${facts.confDir}/${chain.file}`;
  if (file === undefined)
    return error(
      `${own} was copied from ${from}, which is not there any more: the node looks ready without its primary plugin`,
      removed(own),
    );
  if (sha256(file.text) === source["sha256"]) return undefined;
  return error(
    `${own} was copied from ${from}, which has changed since: pods start with the former chain`,
    installed(all),
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
