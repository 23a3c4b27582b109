/**
 * Mangle chains of ours and the jumps into them, for one address family. Pure: `iptables-restore --noflush` text
 * out; parse.ts reads it back.
 *
 *     POSTROUTING … -o eth0 -m comment --comment pod-qos -j POD-QOS-eth0
 *       POD-QOS-eth0 … -j DSCP --set-dscp 0x2e
 */
import type { Batch } from "../handler.ts";
import { changeMangle, type IptablesTool } from "./mangle.ts";

export type MangleChain = {
  readonly kind: "chain";
  readonly name: string;
  /** The hooks that jump to it, each with the match of the jump: `POSTROUTING -o eth0`. None: another chain of ours goes there. */
  readonly calledFrom: readonly string[];
  /** Rule specifications behind `-A chain`, exactly as iptables-save prints them back. */
  readonly rules: readonly string[];
  /** Of a chain that several make at once. */
  readonly shared?: Sharing;
};

/** Several know the rules of one chain, wherever they stand, by their comment. */
export type Sharing = {
  readonly comment: string;
  /** The link whose packets come to the chain. */
  readonly link: string;
  /** Rules in the kernel's own chains, beside the jumps, as `-A` takes them. */
  readonly marks: readonly string[];
};

export type SharedChain = MangleChain & { readonly shared: Sharing };

/** As it was read back. */
export type ObservedChain = {
  readonly name: string;
  readonly exists: boolean;
  readonly rules: readonly string[];
  /** The rules outside our own chains that lead to it, or have its comment, as `-D` takes them. */
  readonly hookRules: readonly string[];
  /** A rule of somebody's that lets no packet come as far as a jump to it. */
  readonly before: string | undefined;
  /** A rule of somebody's behind a jump to it that sets anew what it sets. */
  readonly behind?: string;
};

/**
 * `-N` rather than `:chain`: with a chain of that name already there the whole transaction is refused, nothing changes,
 * and the caller looks before it goes on. `:chain` would flush it and add the jump a second time.
 */
export function addChains(family: IptablesTool, chains: readonly MangleChain[]): Batch {
  return changeMangle(family, [
    ...chains.map(({ name }) => `-N ${name}`),
    ...chains.flatMap(ruleLines),
    ...chains.flatMap(hookRules).map((rule) => `-A ${rule}`),
  ]);
}

/** A chain goes only when no rule leads to it any more: every jump and every rule first. */
export function removeChains(family: IptablesTool, chains: readonly MangleChain[]): Batch {
  return changeMangle(family, [
    ...chains.flatMap(hookRules).map((rule) => `-D ${rule}`),
    ...chains.map(({ name }) => `-F ${name}`),
    ...chains.map(({ name }) => `-X ${name}`),
  ]);
}

/** Whatever there is of the chains, whole or half, becomes what is wanted in one transaction: no packet goes unmarked. */
export function replaceChains(
  family: IptablesTool,
  chains: readonly MangleChain[],
  observed: readonly ObservedChain[],
): Batch {
  const there = new Set(observed.filter(({ exists }) => exists).map(({ name }) => name));
  return changeMangle(family, [
    ...chains.map((chain) => (there.has(chain.name) ? `-F ${chain.name}` : `-N ${chain.name}`)),
    ...observed.flatMap((chain) => chain.hookRules.map((rule) => `-D ${rule}`)),
    ...chains.flatMap(ruleLines),
    ...chains.flatMap(hookRules).map((rule) => `-A ${rule}`),
  ]);
}

/** Takes away what was found of chains: each line is there only if its object is. */
export function removeFound(family: IptablesTool, found: readonly ObservedChain[]): Batch {
  const there = found.filter(({ exists }) => exists);
  return changeMangle(family, [
    ...found.flatMap((chain) => chain.hookRules.map((rule) => `-D ${rule}`)),
    ...there.map(({ name }) => `-F ${name}`),
    ...there.map(({ name }) => `-X ${name}`),
  ]);
}

/** The rules, as iptables-save prints them but for quotes, that stand in the kernel's own chains. */
export function hookRules({ name, calledFrom, shared }: MangleChain): readonly string[] {
  const comment = shared?.comment ?? "pod-qos";
  return [
    ...(shared?.marks ?? []),
    ...calledFrom.map((hook) => `${hook} -m comment --comment ${comment} -j ${name}`),
  ];
}

export function isCommented(rule: string, comment: string): boolean {
  return ` ${rule} `.includes(` --comment ${comment} `);
}

export function describeChain(family: IptablesTool, name: string): string {
  return `${family} mangle chain ${name}`;
}

function ruleLines({ name, rules }: MangleChain): readonly string[] {
  return rules.map((rule) => `-A ${name} ${rule}`);
}
