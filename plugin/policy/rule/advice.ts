/** What is legal in a list of rules and still not what its author can have meant, or means something else upstream. Pure. */
import { isNothing, reachCovers, reachesMeet, reachOf, widestReachOf, type Reach } from "./cover.ts";
import { matchesAll, type Rule } from "./rule.ts";

export function adviceOn(rules: readonly Rule[]): readonly string[] {
  const considered = rules.map((rule) => ({ rule, reach: reachOf(rule), widest: widestReachOf(rule) }));
  return [
    ...considered.flatMap((each, at) => neverDecides(each, considered.slice(0, at))),
    ...upstreamOrder(considered),
    ...unmarked(rules),
  ];
}

/** `widest`: by all pods that it may come to select. */
type Considered = { readonly rule: Rule; readonly reach: Reach; readonly widest: Reach };

function neverDecides({ rule, widest }: Considered, earlier: readonly Considered[]): readonly string[] {
  if (isNothing(widest)) {
    return [
      `${rule.source} can never match: "to" and "from" have no address family in common, or "except" leaves nothing`,
    ];
  }
  const covering = earlier.find((other) => reachCovers(other.reach, widest));
  return covering === undefined
    ? []
    : [`${rule.source} can never decide: ${covering.rule.source} comes first and takes all that it would`];
}

/** In one NetworkQoS, OVN-Kubernetes gives a later rule the higher priority, against its own guide. */
function upstreamOrder(all: readonly Considered[]): readonly string[] {
  const earlierOf = new Map<string, Considered[]>();
  return all.flatMap((each) => {
    const object = networkQosOf(each.rule);
    if (object === undefined) return [];
    const earlier = earlierOf.get(object) ?? [];
    earlierOf.set(object, earlier);
    const other = earlier.find(
      (first) => !decideAlike(first.rule, each.rule) && reachesMeet(first.widest, each.widest),
    );
    earlier.push(each);
    return other === undefined
      ? []
      : [
          `${other.rule.source} decides before ${each.rule.source} where both match; OVN-Kubernetes would let the later one decide`,
        ];
  });
}

/** The object that a rule stands in: its source without the rule's number. */
function networkQosOf({ source }: Rule): string | undefined {
  return source.startsWith("NetworkQoS ") ? source.replace(/ egress\[\d+\]/, "") : undefined;
}

function decideAlike(a: Rule, b: Rule): boolean {
  return a.dscp === b.dscp && (a.limit === b.limit || JSON.stringify(a.limit) === JSON.stringify(b.limit));
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
