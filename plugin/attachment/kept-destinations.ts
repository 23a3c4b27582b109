/**
 * The rules whose destinations are not all known, with what their sets have: the old addresses stay until the new ones are known. A
 * set is found again by what it is for, wherever its rule stands by now; else by its rule, which names other pods than before. Pure.
 */
import { calledBy } from "../datapath/rules/conditions.ts";
import type { Rule } from "../policy/rule/rule.ts";
import type { NetSet } from "../program/ipset/set.ts";
import type { Program } from "../program/program.ts";

/** `addressless`: the rules, by their source. */
export function keepingDestinations(
  rules: readonly Rule[],
  addressless: readonly string[],
  programs: readonly Program[],
): readonly Rule[] {
  const sets = programs.flatMap(({ objects }): readonly Made[] => objects).flatMap(asFollowed);
  const moved = new Set(
    rules.flatMap((rule) => sets.filter((set) => isCalled(set, rule) && !isOf(set, rule))),
  );
  return rules.map((rule) => {
    if (rule.toPods === undefined || !addressless.includes(rule.source)) return rule;
    const same = sets.filter((set) => isCalled(set, rule));
    const had = same.length > 0 ? same : sets.filter((set) => isOf(set, rule) && !moved.has(set));
    // A set that stands twice is of a change that was cut short.
    const kept = [...new Set(had.flatMap(({ entries }) => entries))];
    // Of the same pods it stays as it is: with what is known of some of them it would grow with each that ends.
    const addresses = same.length > 0 ? [] : rule.toPods.addresses;
    return { ...rule, toPods: { ...rule.toPods, addresses, kept } };
  });
}

/** For a repeated ADD: it knows no addresses of pods. */
export function keepingAllDestinations(
  rules: readonly Rule[],
  programs: readonly Program[],
): readonly Rule[] {
  const naming = rules.flatMap(({ source, toPods }) => (toPods === undefined ? [] : [source]));
  return keepingDestinations(rules, naming, programs);
}

type Made = Program["objects"][number];
type FollowedSet = NetSet & Required<Pick<NetSet, "follows">>;

function asFollowed(object: Made): readonly FollowedSet[] {
  return object.kind === "set" && object.follows !== undefined
    ? [{ ...object, follows: object.follows }]
    : [];
}

function isCalled({ follows }: FollowedSet, { to, toPods }: Rule): boolean {
  return toPods !== undefined && follows.called === calledBy(to, toPods);
}

function isOf({ follows }: FollowedSet, { source }: Rule): boolean {
  return follows.rules.includes(source);
}
