/**
 * One mangle chain of ours per interface and address family, and the jump to it. Pure: `iptables-restore --noflush` text
 * out, `iptables-save -t mangle` text in.
 *
 *     POSTROUTING … -o eth0 -m comment --comment pod-qos -j POD-QOS-eth0
 *       POD-QOS-eth0 … -j DSCP --set-dscp 0x2e
 */
import type { Batch } from "./program.ts";

export type MangleChain = {
  readonly kind: "chain";
  readonly name: string;
  readonly ifname: string;
  /** Rule specifications behind `-A chain`, exactly as iptables-save prints them back. */
  readonly rules: readonly string[];
};

export type Family = "iptables" | "ip6tables";

/**
 * `-N` rather than `:chain`: with a chain of that name already there the whole transaction is refused, nothing changes,
 * and the caller looks before it goes on. `:chain` would flush it and add the jump a second time.
 */
export function addChains(family: Family, chains: readonly MangleChain[]): Batch {
  return restore(
    family,
    chains.flatMap((chain) => [`-N ${chain.name}`, ...ruleLines(chain), `-A ${jump(chain)}`]),
  );
}

export function removeChains(family: Family, chains: readonly MangleChain[]): Batch {
  return restore(
    family,
    chains.flatMap((chain) => [`-D ${jump(chain)}`, `-F ${chain.name}`, `-X ${chain.name}`]),
  );
}

/** Takes away what was found of a chain, whole or half: each line is there only if its object is. */
export function removeFound(family: Family, found: readonly ObservedChain[]): Batch {
  return restore(
    family,
    found.flatMap(({ name, exists, jumpRules }) => [
      ...jumpRules.map((rule) => `-D ${rule}`),
      ...(exists ? [`-F ${name}`, `-X ${name}`] : []),
    ]),
  );
}

export function listChains(family: Family): Batch {
  return { argv: [`${family}-save`, "-t", "mangle"], input: "" };
}

export type ObservedChain = {
  readonly name: string;
  readonly exists: boolean;
  readonly rules: readonly string[];
  /** The rules anywhere in mangle that jump to it, as `-D` takes them. */
  readonly jumpRules: readonly string[];
  /** How many of those are the one we make. */
  readonly jumps: number;
};

export function parseChain(output: string, chain: MangleChain): ObservedChain {
  const all = output.split("\n");
  const prefix = `-A ${chain.name} `;
  return {
    name: chain.name,
    exists: all.some((line) => line.startsWith(`:${chain.name} `)),
    rules: all.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length).trim()),
    jumpRules: all
      .filter((line) => line.startsWith("-A ") && / -[jg] (\S+)\s*$/.exec(line)?.[1] === chain.name)
      .map((line) => line.slice("-A ".length).trim()),
    jumps: all.filter((line) => line.trim() === `-A ${jump(chain)}`).length,
  };
}

function restore(family: Family, body: readonly string[]): Batch {
  const input = ["*mangle", ...body, "COMMIT", ""].join("\n");
  return { argv: [`${family}-restore`, "--noflush", "--wait", "10"], input };
}

function jump({ name, ifname }: MangleChain): string {
  return `POSTROUTING -o ${ifname} -m comment --comment pod-qos -j ${name}`;
}

function ruleLines({ name, rules }: MangleChain): readonly string[] {
  return rules.map((rule) => `-A ${name} ${rule}`);
}
