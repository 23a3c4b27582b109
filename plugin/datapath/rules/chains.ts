/**
 * Rules as sets and mangle chains in the pod's namespace. Pure.
 *
 *     POSTROUTING -o eth0 -j POD-QOS-eth0
 *       POD-QOS-eth0      -d 198.51.100.0/24 -p tcp -g POD-QOS-eth0:0      the first rule that matches decides alone:
 *                         -m set --match-set pod-qos-eth0:4:… dst -g …:1   a goto does not come back to this chain
 *       POD-QOS-eth0:0    -j DSCP --set-dscp 0x14                          mark and limit together
 *                         -j CLASSIFY --set-class 0905:0010            (or MARK, where the priority is the uplink's)
 *
 * ECN, the lower two bits of the byte that DSCP is in, is left alone by the target.
 */
import type { MangleChain } from "../../program/iptables/chain.ts";
import type { Program } from "../../program/program.ts";
import type { IpFamily, Rule } from "../../policy/rule/rule.ts";
import type { LimitsBy } from "../driver.ts";
import { chainName, rootHandle, verdictChainName } from "../names.ts";
import { conditionsOf, createSets, type Sets } from "./conditions.ts";
import { limitClasses } from "./limits.ts";

/** The part of a pod's plan that needs to know nothing of its link. */
export function ruleChains(
  ifname: string,
  rules: readonly Rule[],
  ipv6: boolean,
  limitsBy: LimitsBy = "priority",
): readonly Program[] {
  const minors = limitClasses(rules);
  const classes = new Map([...minors].map(([rule, minor]) => [rule, sorted(minor, limitsBy)]));
  const families: readonly IpFamily[] = ipv6 ? [4, 6] : [4];
  return families.flatMap((family): readonly Program[] => {
    const sets = createSets(ifname, family);
    const verdicts = createVerdicts(ifname);
    const lines = linesOf(rules, classes, family, sets, verdicts);
    if (lines.length === 0) return [];
    const main = chain(chainName(ifname), [`POSTROUTING -o ${ifname}`], lines);
    return [
      { tool: "ipset", place: "pod", objects: sets.all() },
      { tool: family === 4 ? "iptables" : "ip6tables", place: "pod", objects: [main, ...verdicts.all()] },
    ];
  });
}

function linesOf(
  rules: readonly Rule[],
  classes: ReadonlyMap<Rule, string>,
  family: IpFamily,
  sets: Sets,
  verdicts: Verdicts,
): readonly string[] {
  const lines: string[] = [];
  for (const rule of rules) {
    const conditions = conditionsOf(rule, family, sets);
    const targets = targetsOf(rule, classes.get(rule));
    // Behind a rule that takes every packet nothing is reached.
    if (conditions[0] === "") return [...lines, ...targets];
    if (conditions.length === 0) continue;
    const verdict = targets.length === 0 ? "-j RETURN" : `-g ${verdicts.chainOf(targets)}`;
    lines.push(...conditions.map((condition) => `${condition} ${verdict}`));
  }
  return lines;
}

/** Gives the chain that does what a rule decides; the same chain to all that decide the same. */
type Verdicts = {
  readonly chainOf: (targets: readonly string[]) => string;
  readonly all: () => readonly MangleChain[];
};

function createVerdicts(ifname: string): Verdicts {
  const chains = new Map<string, MangleChain>();
  return {
    chainOf: (targets) => {
      const key = targets.join();
      const known = chains.get(key) ?? chain(verdictChainName(ifname, chains.size), [], targets);
      chains.set(key, known);
      return known.name;
    },
    all: () => [...chains.values()],
  };
}

function targetsOf({ dscp }: Rule, limit: string | undefined): readonly string[] {
  return [
    ...(dscp === undefined ? [] : [`-j DSCP --set-dscp 0x${hex(dscp, 2)}`]),
    ...(limit === undefined ? [] : [limit]),
  ];
}

/** What sends a packet to the class of a limit. A mark has the class's number whole, as iptables-save prints it: no zero before. */
function sorted(minor: number, limitsBy: LimitsBy): string {
  return limitsBy === "mark"
    ? `-j MARK --set-xmark 0x${parseInt(rootMajor, 16).toString(16)}${hex(minor, 4)}/0xffffffff`
    : `-j CLASSIFY --set-class ${rootMajor}:${hex(minor, 4)}`;
}

function chain(name: string, calledFrom: readonly string[], rules: readonly string[]): MangleChain {
  return { kind: "chain", name, calledFrom, rules };
}

/** As iptables-save prints them: marks with two digits, both halves of a class with four. */
function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

const rootMajor = rootHandle.slice(0, -1).padStart(4, "0");
