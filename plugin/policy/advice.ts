/** What is legal in a list of rules and still not what its author can have meant, or means something else upstream. Pure. */
import { matchesNothing, ruleCovers, rulesOverlap } from "./cover.ts";
import { matchesAll, type Rule } from "./rule.ts";

export function adviceOn(rules: readonly Rule[]): readonly string[] {
  return [
    ...rules.flatMap((rule, at) => neverDecides(rule, rules.slice(0, at))),
    ...rules.flatMap((rule, at) => upstreamOrder(rule, rules.slice(0, at))),
    ...unmarked(rules),
  ];
}

function neverDecides(rule: Rule, earlier: readonly Rule[]): readonly string[] {
  if (matchesNothing(rule)) {
    return [
      `${rule.source} can never match: "to" and "from" have no address family in common, or "except" leaves nothing`,
    ];
  }
  const covering = earlier.find((other) => ruleCovers(other, rule));
  return covering === undefined
    ? []
    : [`${rule.source} can never decide: ${covering.source} comes first and takes all that it would`];
}

/** In one NetworkQoS, OVN-Kubernetes gives a later rule the higher priority, against its own guide. */
function upstreamOrder(rule: Rule, earlier: readonly Rule[]): readonly string[] {
  const object = networkQosOf(rule);
  if (object === undefined) return [];
  const other = earlier.find(
    (first) => networkQosOf(first) === object && !decideAlike(first, rule) && rulesOverlap(first, rule),
  );
  return other === undefined
    ? []
    : [
        `${other.source} decides before ${rule.source} where both match; OVN-Kubernetes would let the later one decide`,
      ];
}

/** The object that a rule stands in: its source without the rule's number. */
function networkQosOf({ source }: Rule): string | undefined {
  return source.startsWith("NetworkQoS ") ? source.replace(/ egress\[\d+\]/, "") : undefined;
}

function decideAlike(a: Rule, b: Rule): boolean {
  return a.dscp === b.dscp && JSON.stringify(a.limit) === JSON.stringify(b.limit);
}

/** One rule decides alone, so a limit without a mark keeps the mark for the rest from what it limits. */
function unmarked(rules: readonly Rule[]): readonly string[] {
  const at = rules.findIndex(matchesAll);
  const rest = rules[at];
  if (rest?.dscp === undefined) return [];
  return rules
    .slice(0, at)
    .filter(({ dscp, limit }) => dscp === undefined && limit !== undefined)
    .map(
      ({ source }) => `what ${source} limits does not get the mark of ${rest.source}: give it a dscp as well`,
    );
}
