/** What thousands of rules become is read back and compared in time that grows as they do. */
import { expect, it } from "vitest";
import { ruleChains } from "../../../plugin/datapath/rules/chains.ts";
import { limitTree } from "../../../plugin/datapath/rules/limits.ts";
import type { Rule } from "../../../plugin/policy/rule/rule.ts";
import { chainsDrift } from "../../../plugin/program/iptables/handler.ts";
import { hookRules, type MangleChain } from "../../../plugin/program/iptables/chain.ts";
import { parseChains } from "../../../plugin/program/iptables/parse.ts";
import { setsDrift } from "../../../plugin/program/ipset/handler.ts";
import { parseSets, type NetSet } from "../../../plugin/program/ipset/set.ts";
import { tcDelta } from "../../../plugin/program/tc/delta.ts";
import { tcDrift } from "../../../plugin/program/tc/drift.ts";
import { parseTc } from "../../../plugin/program/tc/parse.ts";
import { printTc } from "../support/tc-print.ts";

/** Each with a limit, a chain and a set of its own. */
const rules = (count: number): readonly Rule[] =>
  Array.from({ length: count }, (_, n) => ({
    dscp: undefined,
    limit: { rate: 1_000_000, burst: undefined, discipline: "police" },
    to: ["10", "11"].map((first) => ({
      cidr: { family: 4, address: `${first}.${n >> 8}.${n & 255}.0`, prefix: 24 },
      except: [],
    })),
    from: [],
    services: [],
    source: `rule ${n}`,
  }));

const printChains = (chains: readonly MangleChain[]): string =>
  [
    ...chains.map(({ name }) => `:${name} - [0:0]`),
    ...chains.flatMap((chain) => hookRules(chain).map((jump) => `-A ${jump}`)),
    ...chains.flatMap(({ name, rules: each }) => each.map((rule) => `-A ${name} ${rule}`)),
  ].join("\n");

const printSets = (sets: readonly NetSet[]): string =>
  sets
    .flatMap(({ name, family, entries }) => [
      `create ${name} hash:net family ${family}`,
      ...entries.map((entry) => `add ${name} ${entry}`),
    ])
    .join("\n");

/** What CHECK does with what the tools said, and ADD over what is there. */
const comparison = (count: number): (() => void) => {
  const wanted = rules(count);
  const [sets, chains] = ruleChains("eth0", wanted, false);
  if (sets?.tool !== "ipset" || chains?.tool !== "iptables") throw new Error("rules are sets and chains");
  const tree = limitTree("eth0", 1500, wanted, undefined, false);
  const said = [printTc(tree, "6.1"), printChains(chains.objects), printSets(sets.objects)] as const;
  return () => {
    const device = parseTc("eth0", said[0]);
    expect(tcDrift(tree, [device])).toEqual([]);
    expect(tcDelta(tree, [device]).add).toEqual([]);
    expect(chainsDrift("iptables", chains.objects, parseChains(said[1], chains.objects))).toEqual([]);
    expect(setsDrift(sets.objects, parseSets(said[2]))).toEqual([]);
  };
};

/** Milliseconds, the best of five: the machine is shared. */
const time = (body: () => void): number =>
  Math.min(
    ...[1, 2, 3, 4, 5].map(() => {
      const began = performance.now();
      body();
      return performance.now() - began;
    }),
  );

it("eight times as many rules cost about eight times as much to compare, not sixty-four", () => {
  expect(time(comparison(4000)) / time(comparison(500))).toBeLessThan(40);
});
