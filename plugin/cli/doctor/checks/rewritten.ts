/** Commands that put a mended chain in the place of a faulty one. Pure. */
import type { JsonObject } from "../../../cni/fields.ts";
import { isOurs } from "../../../cni/chain-file.ts";
import { chainOf, withPlugins, type Chain } from "../chain.ts";
import type { ChainFacts } from "../facts.ts";
import { putJson, quoted } from "../shell.ts";

/** The chain's own file with our entry changed; undefined where there is none of ours in it. */
export function rewritten(facts: ChainFacts, change: (entry: JsonObject) => JsonObject): string | undefined {
  const chain = chainOf(facts);
  if (typeof chain !== "object" || !chain.plugins.some(isOurs)) return undefined;
  const plugins = chain.plugins.map((plugin) => (isOurs(plugin) ? change(plugin) : plugin));
  return put(facts, chain, plugins);
}

export function put(facts: ChainFacts, chain: Chain, plugins: readonly JsonObject[]): string {
  return putJson(facts.confDir, chain.file, withPlugins(chain, plugins));
}

export function removed(...paths: readonly string[]): string {
  return `rm -f ${paths.map(quoted).join(" ")}`;
}
