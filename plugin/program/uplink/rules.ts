/**
 * An uplink's rules in the mangle table of one family: `iptables-restore --noflush` text out, `iptables-save` text in.
 * Pure. Each text is one transaction, so that no packet meets half of it, and each fails as a whole where another ADD was
 * faster: the caller looks again.
 */
import type { Batch } from "../handler.ts";
import { changeMangle, ruleBefore } from "../iptables/mangle.ts";
import type { RuleTool, UplinkRules } from "./objects.ts";

export type ObservedRules = {
  /** Somebody's that let no packet come as far as the jump to our chain. */
  readonly before: readonly string[];
  readonly chainExists: boolean;
  readonly inChain: readonly string[];
  /** Those with our comment, and whatever else leads to our chain. */
  readonly atHooks: readonly string[];
};

export function parseRules(
  { chain, comment }: Pick<UplinkRules, "chain" | "comment">,
  saved: string,
): ObservedRules {
  const lines = saved.split("\n").map((line) => line.trim());
  const rules = lines
    .filter((line) => line.startsWith("-A "))
    .map((line) => unquoted(line.slice("-A ".length)));
  const jumps = rules.filter((rule) => rule.endsWith(` -j ${chain}`));
  const device = comment.slice(comment.indexOf(":") + 1);
  return {
    before: jumps.flatMap((jump) => ruleBefore(jump, device, rules) ?? []),
    chainExists: lines.some((line) => line.startsWith(`:${chain} `)),
    inChain: rules.filter((rule) => rule.startsWith(`${chain} `)).map((rule) => rule.slice(chain.length + 1)),
    atHooks: rules.filter(
      (rule) =>
        !rule.startsWith(`${chain} `) && (isCommented(rule, comment) || rule.endsWith(` -j ${chain}`)),
    ),
  };
}

/** A rule of somebody else's in a chain of our name. */
export function foreignRule(
  { comment }: Pick<UplinkRules, "comment">,
  { inChain }: ObservedRules,
): string | undefined {
  return inChain.find((rule) => !isCommented(rule, comment));
}

export function rulesDrift(tool: RuleTool, wanted: UplinkRules, seen: ObservedRules): readonly string[] {
  const chain = `${tool} mangle chain ${wanted.chain}`;
  if (!seen.chainExists) return [`${chain} is missing`];
  const inChain =
    seen.inChain.join("\n") === wanted.inChain.join("\n")
      ? []
      : [`${chain} has rules "${seen.inChain.join(" | ")}", wanted "${wanted.inChain.join(" | ")}"`];
  const missing = wanted.atHooks.filter((rule) => !seen.atHooks.includes(rule));
  const surplus = seen.atHooks.filter(
    (rule, at) => !wanted.atHooks.includes(rule) || seen.atHooks.indexOf(rule) !== at,
  );
  return [
    ...inChain,
    ...missing.map((rule) => `${tool} mangle rule "${rule}" is missing`),
    ...surplus.map((rule) => `${tool} mangle rule "${rule}" is there, though nothing asks for it`),
  ];
}

/** For CHECK alone: to refuse every pod of the node over a rule of the operator's would be worse than what it does. */
export function outOfReach(
  tool: RuleTool,
  { chain }: UplinkRules,
  { before }: ObservedRules,
): readonly string[] {
  return before.map((rule) => `${tool} mangle chain ${chain}: no packet gets to it past the rule "${rule}"`);
}

/** `-N` and every `-D` are refused if somebody has done the same since we looked, so no rule comes to be twice. */
export function changeRules(tool: RuleTool, wanted: UplinkRules, seen: ObservedRules): Batch | undefined {
  if (rulesDrift(tool, wanted, seen).length === 0) return undefined;
  return changeMangle(tool, [
    `${seen.chainExists ? "-F" : "-N"} ${wanted.chain}`,
    ...seen.atHooks.map((rule) => `-D ${rule}`),
    ...wanted.inChain.map((rule) => `-A ${wanted.chain} ${rule}`),
    ...wanted.atHooks.map((rule) => `-A ${rule}`),
  ]);
}

export function removeRules(tool: RuleTool, chain: string, seen: ObservedRules): Batch | undefined {
  if (!seen.chainExists && seen.atHooks.length === 0) return undefined;
  return changeMangle(tool, [
    ...seen.atHooks.map((rule) => `-D ${rule}`),
    ...(seen.chainExists ? [`-F ${chain}`, `-X ${chain}`] : []),
  ]);
}

/** The sets that rules look into. */
export function setsOf(rules: readonly string[]): readonly string[] {
  return [...new Set(rules.flatMap((rule) => / --match-set (\S+) src /.exec(` ${rule} `)?.[1] ?? []))];
}

function isCommented(rule: string, comment: string): boolean {
  return ` ${rule} `.includes(` --comment ${comment} `);
}

/** iptables-save puts a comment with anything but letters and digits in it between quotes. */
function unquoted(rule: string): string {
  return rule.replace(/ --comment "([^" ]*)"/, " --comment $1");
}
