/** A set that follows pods is changed in its place: what is new is in it before what is old goes, and what both have stays. */
import { expect, it } from "vitest";
import { createSets, conditionsOf } from "../../../plugin/datapath/rules/conditions.ts";
import { parseRules } from "../../../plugin/policy/rule/rules.ts";
import { lookUp } from "../../../plugin/knowledge/destinations.ts";
import { sets } from "../../../plugin/program/ipset/handler.ts";
import { parseSets, type NetSet } from "../../../plugin/program/ipset/set.ts";

const set = (...entries: readonly string[]): NetSet => ({
  kind: "set",
  name: "pod-qos-eth0:4:0",
  family: "inet",
  entries,
  isFollowed: true,
});
const there = (size: number, ...entries: readonly string[]) =>
  parseSets(
    [
      `create pod-qos-eth0:4:0 hash:net family inet hashsize 1024 maxelem ${size}`,
      ...entries.map((entry) => `add pod-qos-eth0:4:0 ${entry}`),
    ].join("\n"),
  );
const made = (wanted: NetSet, seen: ReturnType<typeof there>): readonly string[] =>
  sets.delta([wanted], seen, []).make?.input.trim().split("\n") ?? [];

it.each([
  [
    "another address",
    ["10.0.0.1", "10.0.0.3"],
    ["10.0.0.1", "10.0.0.2"],
    ["add pod-qos-eth0:4:0 10.0.0.3 -exist", "del pod-qos-eth0:4:0 10.0.0.2 -exist"],
  ],
  ["the last one gone", [], ["10.0.0.2"], ["del pod-qos-eth0:4:0 10.0.0.2 -exist"]],
  [
    "an address that is an exception no more",
    ["10.0.0.0/8", "10.0.0.2"],
    ["10.0.0.0/8", "10.0.0.2 nomatch"],
    ["add pod-qos-eth0:4:0 10.0.0.2 -exist"],
  ],
  ["nothing else", ["10.0.0.2"], ["10.0.0.2"], []],
])("%s", (_, wants, has, lines) => {
  expect(made(set(...wants), there(65_536, ...has))).toEqual(lines);
});

it("one that has no room for old and new together is filled beside and swapped in", () => {
  expect(made(set("10.0.0.1", "10.0.0.3"), there(2, "10.0.0.1", "10.0.0.2")).at(-2)).toBe(
    "swap pod-qos-eth0:4:0+ pod-qos-eth0:4:0",
  );
});

it("pods that come and go change no rule and no name of a set, from none at all to many", () => {
  const rules = parseRules(
    "egress",
    [
      { dscp: 1, classifier: { to: [{ podSelector: {} }] } },
      { dscp: 2, classifier: { to: [{ podSelector: {} }], ports: [{ protocol: "TCP" }] } },
      { dscp: 3, classifier: { to: [{ ipBlock: { cidr: "0.0.0.0/0" } }, { podSelector: {} }] } },
    ],
    "own list",
  );
  const planned = [[], ["10.0.0.1"], ["10.0.0.1", "10.0.0.2", "fd00::1"]].map((addresses) => {
    const made4 = createSets("eth0", 4);
    const found = lookUp(rules, "prod", "default", () => addresses);
    const lines = found.rules.flatMap((rule) => conditionsOf(rule, 4, made4));
    return { lines, names: made4.all().map(({ name }) => name) };
  });
  expect(planned[0]).toEqual({
    lines: [
      "-m set --match-set pod-qos-eth0:4:a267azk1 dst",
      "-p tcp -m set --match-set pod-qos-eth0:4:a267azk1 dst",
      "",
    ],
    names: ["pod-qos-eth0:4:a267azk1"],
  });
  expect(planned[1]).toEqual(planned[0]);
  expect(planned[2]).toEqual(planned[0]);
});
