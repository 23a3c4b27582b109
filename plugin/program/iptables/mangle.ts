/** The mangle table of one address family: all of it as text, and a change of it as one transaction. Pure. */
import { batchText, type Batch } from "../handler.ts";

export type IptablesTool = "iptables" | "ip6tables";

export function listRules(family: IptablesTool): Batch {
  return { argv: [`${family}-save`, "-t", "mangle"], input: "" };
}

/**
 * The rule, if any, that takes every packet that leaves by a link before it comes to a jump: `rules` in the order of
 * iptables-save, without its "-A". A rule with another condition may mean anything and is left alone.
 */
export function ruleBefore(
  jump: string,
  link: string | undefined,
  rules: readonly string[],
): string | undefined {
  const [hook = ""] = jump.split(" ", 1);
  return rules.slice(0, Math.max(rules.indexOf(jump), 0)).find((rule) => {
    const [, at, not, out] = takesAll.exec(rule) ?? [];
    if (at !== hook || out === undefined) return at === hook;
    return link !== undefined && isNamed(link, out) === (not === undefined);
  });
}

/** What a packet's class or mark is set by: of such rules the last one that is asked counts. */
export type Setter = "DSCP" | "CLASSIFY";

/** The rule, if any, behind a jump in the same hook that sets for every packet that leaves by a link what is set there. */
export function ruleBehind(
  jump: string,
  link: string | undefined,
  rules: readonly string[],
  setters: readonly Setter[],
): string | undefined {
  const [hook = ""] = jump.split(" ", 1);
  return rules.slice(rules.lastIndexOf(jump) + 1).find((rule) => {
    const [, at, not, out, target = ""] = setsForAll.exec(rule) ?? [];
    const isSetter = setters.some((setter) => setter === (target === "TOS" ? "DSCP" : target));
    if (at !== hook || !isSetter) return false;
    return out === undefined || (link !== undefined && isNamed(link, out) === (not === undefined));
  });
}

/** "eth+": whatever begins so. */
function isNamed(link: string, pattern: string): boolean {
  return pattern.endsWith("+") ? link.startsWith(pattern.slice(0, -1)) : link === pattern;
}

/** No condition but the link. */
const onAll = '^(\\S+)(?:( !)? -o (\\S+))?(?: -m comment --comment (?:"[^"]*"|\\S+))? -j ';
const takesAll = new RegExp(`${onAll}(?:ACCEPT|DROP|RETURN|QUEUE)$`);
const setsForAll = new RegExp(`${onAll}(DSCP|TOS|CLASSIFY) `);

/** Commits whole or not at all: no packet meets half of it. */
export function changeMangle(family: IptablesTool, lines: readonly string[]): Batch {
  const input = batchText(["*mangle", ...lines, "COMMIT"]);
  return { argv: [`${family}-restore`, "--noflush", "--wait", "10"], input };
}
