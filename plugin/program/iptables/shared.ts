/**
 * A chain that several make at once, with its rules in the kernel's own chains: what differs, and the transaction that mends it.
 * No packet meets half of one, and each is refused as a whole where somebody else was faster: the caller looks again. Pure.
 */
import type { Batch } from "../handler.ts";
import {
  describeChain,
  hookRules,
  isCommented,
  removeFound,
  replaceChains,
  type MangleChain,
  type ObservedChain,
  type SharedChain,
} from "./chain.ts";
import type { IptablesTool } from "./mangle.ts";

/** A sentence for whatever is missing, not as wanted, or there although nothing asks for it. */
export function sharedDrift(
  family: IptablesTool,
  chain: MangleChain,
  seen: ObservedChain,
): readonly string[] {
  const name = describeChain(family, chain.name);
  if (!seen.exists) return [`${name} is missing`];
  const wanted = hookRules(chain);
  const inChain =
    seen.rules.join("\n") === chain.rules.join("\n")
      ? []
      : [`${name} has rules "${seen.rules.join(" | ")}", wanted "${chain.rules.join(" | ")}"`];
  const missing = wanted.filter((rule) => !seen.hookRules.includes(rule));
  const surplus = seen.hookRules.filter(
    (rule, at) => !wanted.includes(rule) || seen.hookRules.indexOf(rule) !== at,
  );
  return [
    ...inChain,
    ...missing.map((rule) => `${family} mangle rule "${rule}" is missing`),
    ...surplus.map((rule) => `${family} mangle rule "${rule}" is there, though nothing asks for it`),
    ...(seen.behind === undefined ? [] : [undoneBehind(name, seen.behind)]),
  ];
}

/** Made anew, the jump comes to stand behind that rule. */
export function undoneBehind(name: string, behind: string): string {
  return `${name}: the rule "${behind}" behind it sets anew what it sets`;
}

/** For CHECK alone: to refuse every pod of the node over a rule of the operator's would be worse than what it does. */
export function outOfReach(family: IptablesTool, { name, before }: ObservedChain): readonly string[] {
  return before === undefined
    ? []
    : [`${describeChain(family, name)}: no packet gets to it past the rule "${before}"`];
}

/** `-N` and every `-D` are refused if somebody has done the same since we looked, so no rule comes to be twice. */
export function changeShared(
  family: IptablesTool,
  chain: MangleChain,
  seen: ObservedChain,
): Batch | undefined {
  return sharedDrift(family, chain, seen).length === 0 ? undefined : replaceChains(family, [chain], [seen]);
}

export function removeShared(family: IptablesTool, seen: ObservedChain): Batch | undefined {
  return seen.exists || seen.hookRules.length > 0 ? removeFound(family, [seen]) : undefined;
}

/** A rule of somebody else's in a chain of our name. */
export function foreignRule({ shared }: SharedChain, { rules }: ObservedChain): string | undefined {
  return rules.find((rule) => !isCommented(rule, shared.comment));
}

/** The sets that rules look into. */
export function setsOf({ rules, hookRules: atHooks }: ObservedChain): readonly string[] {
  const found = [...rules, ...atHooks].flatMap(
    (rule) => / --match-set (\S+) src /.exec(` ${rule} `)?.[1] ?? [],
  );
  return [...new Set(found)];
}
