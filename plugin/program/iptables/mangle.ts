/** The mangle table of one address family: all of it as text, and a change of it as one transaction. Pure. */
import { batchText, type Batch } from "../handler.ts";

export type Family = "iptables" | "ip6tables";

export function listRules(family: Family): Batch {
  return { argv: [`${family}-save`, "-t", "mangle"], input: "" };
}

/** Commits whole or not at all: no packet meets half of it. */
export function changeMangle(family: Family, lines: readonly string[]): Batch {
  const input = batchText(["*mangle", ...lines, "COMMIT"]);
  return { argv: [`${family}-restore`, "--noflush", "--wait", "10"], input };
}
