/** The mangle table of one address family: all of it as text, and a change of it as one transaction. Pure. */
import { batchText, type Batch } from "../handler.ts";

export type Family = "iptables" | "ip6tables";

export function listRules(family: Family): Batch {
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

/** "eth+": whatever begins so. */
function isNamed(link: string, pattern: string): boolean {
  return pattern.endsWith("+") ? link.startsWith(pattern.slice(0, -1)) : link === pattern;
}

const takesAll =
  /^(\S+)(?:( !)? -o (\S+))?(?: -m comment --comment (?:"[^"]*"|\S+))? -j (?:ACCEPT|DROP|RETURN|QUEUE)$/;

/** Commits whole or not at all: no packet meets half of it. */
export function changeMangle(family: Family, lines: readonly string[]): Batch {
  const input = batchText(["*mangle", ...lines, "COMMIT"]);
  return { argv: [`${family}-restore`, "--noflush", "--wait", "10"], input };
}
