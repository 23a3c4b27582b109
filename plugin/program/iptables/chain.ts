/**
 * Mangle chains of ours and the jumps into them, for one address family. Pure: `iptables-restore --noflush` text out,
 * `iptables-save -t mangle` text in.
 *
 *     POSTROUTING … -o eth0 -m comment --comment pod-qos -j POD-QOS-eth0
 *       POD-QOS-eth0 … -j DSCP --set-dscp 0x2e
 */
import type { Batch } from "../handler.ts";
import { changeMangle, ruleBefore, type Family } from "./mangle.ts";

export type MangleChain = {
  readonly kind: "chain";
  readonly name: string;
  /** The hooks that jump to it, each with the match of the jump: `POSTROUTING -o eth0`. None: another chain of ours goes there. */
  readonly calledFrom: readonly string[];
  /** Rule specifications behind `-A chain`, exactly as iptables-save prints them back. */
  readonly rules: readonly string[];
};

/**
 * `-N` rather than `:chain`: with a chain of that name already there the whole transaction is refused, nothing changes,
 * and the caller looks before it goes on. `:chain` would flush it and add the jump a second time.
 */
export function addChains(family: Family, chains: readonly MangleChain[]): Batch {
  return changeMangle(family, [
    ...chains.map(({ name }) => `-N ${name}`),
    ...chains.flatMap(ruleLines),
    ...chains.flatMap(jumps).map((jump) => `-A ${jump}`),
  ]);
}

/** A chain goes only when no rule leads to it any more: every jump and every rule first. */
export function removeChains(family: Family, chains: readonly MangleChain[]): Batch {
  return changeMangle(family, [
    ...chains.flatMap(jumps).map((jump) => `-D ${jump}`),
    ...chains.map(({ name }) => `-F ${name}`),
    ...chains.map(({ name }) => `-X ${name}`),
  ]);
}

/** Whatever there is of the chains, whole or half, becomes what is wanted in one transaction: no packet goes unmarked. */
export function replaceChains(
  family: Family,
  chains: readonly MangleChain[],
  observed: readonly ObservedChain[],
): Batch {
  const there = new Set(observed.filter(({ exists }) => exists).map(({ name }) => name));
  return changeMangle(family, [
    ...chains.map((chain) => (there.has(chain.name) ? `-F ${chain.name}` : `-N ${chain.name}`)),
    ...observed.flatMap(({ jumpRules }) => jumpRules.map((rule) => `-D ${rule}`)),
    ...chains.flatMap(ruleLines),
    ...chains.flatMap(jumps).map((jump) => `-A ${jump}`),
  ]);
}

/** Takes away what was found of chains: each line is there only if its object is. */
export function removeFound(family: Family, found: readonly ObservedChain[]): Batch {
  const there = found.filter(({ exists }) => exists);
  return changeMangle(family, [
    ...found.flatMap(({ jumpRules }) => jumpRules.map((rule) => `-D ${rule}`)),
    ...there.map(({ name }) => `-F ${name}`),
    ...there.map(({ name }) => `-X ${name}`),
  ]);
}

export type ObservedChain = {
  readonly name: string;
  readonly exists: boolean;
  readonly rules: readonly string[];
  /** The rules outside our own chains that lead to it, as `-D` takes them. */
  readonly jumpRules: readonly string[];
  /** A rule of somebody's that lets no packet come as far as a jump to it. */
  readonly before: string | undefined;
};

/** In one pass: a chain for each limit of thousands, and each with its line. */
export function parseChains(output: string, chains: readonly MangleChain[]): readonly ObservedChain[] {
  const found = new Map(
    chains.map(({ name }) => [name, { exists: false, rules: [], jumpRules: [] } as Found]),
  );
  for (const line of output.split("\n").map((text) => text.trim())) {
    if (line.startsWith(":")) {
      const chain = found.get(line.slice(1, line.indexOf(" ")));
      if (chain !== undefined) chain.exists = true;
    }
    if (!line.startsWith("-A ")) continue;
    const rule = line.slice("-A ".length);
    const holder = rule.split(" ", 1)[0] ?? "";
    const own = found.get(holder);
    if (own !== undefined) own.rules.push(rule.slice(holder.length + 1));
    else found.get(/ -[jg] (\S+)$/.exec(rule)?.[1] ?? "")?.jumpRules.push(rule);
  }
  const rules = hookRules(output);
  const beforeOne = (jumpRules: readonly string[]): string | undefined =>
    jumpRules
      .map((jump) => ruleBefore(jump, / -o (\S+)/.exec(jump)?.[1], rules))
      .find((rule) => rule !== undefined);
  return [...found].map(([name, chain]) => ({ name, ...chain, before: beforeOne(chain.jumpRules) }));
}

/** Chains of the kernel's own have names in capitals. */
function hookRules(output: string): readonly string[] {
  return output
    .split("\n")
    .flatMap((line) => (/^-A [A-Z]+ /.test(line) ? [line.trim().slice("-A ".length)] : []));
}

type Found = { exists: boolean; readonly rules: string[]; readonly jumpRules: string[] };

/** The rules, as iptables-save prints them, that lead from the kernel's hooks to a chain. */
export function jumps({ name, calledFrom }: MangleChain): readonly string[] {
  return calledFrom.map((hook) => `${hook} -m comment --comment pod-qos -j ${name}`);
}

function ruleLines({ name, rules }: MangleChain): readonly string[] {
  return rules.map((rule) => `-A ${name} ${rule}`);
}
