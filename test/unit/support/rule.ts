import type { Rule } from "../../../plugin/policy/rule/rule.ts";
import { parseRules } from "../../../plugin/policy/rule/rules.ts";

/** A rule that takes everything and does nothing, changed by what a test says. */
export function ruleOf(rule: Partial<Rule>): Rule {
  return {
    dscp: undefined,
    limit: undefined,
    to: [],
    from: [],
    services: [],
    source: "test",
    ...rule,
  };
}

/** Rules as an operator writes them. */
export function rulesOf(...egress: readonly unknown[]): readonly Rule[] {
  return parseRules("egress", egress, "own list");
}

/** One rule with this classifier. */
export function classified(classifier: unknown, rest: object = { dscp: 1 }): Rule {
  const [rule] = rulesOf({ ...rest, classifier });
  if (rule === undefined) throw new Error("one rule in, one rule out");
  return rule;
}

export function to(cidr: string, ...except: readonly string[]): object {
  return { ipBlock: except.length === 0 ? { cidr } : { cidr, except } };
}
