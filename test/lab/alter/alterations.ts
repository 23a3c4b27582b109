import type { Program } from "../../../plugin/program/program.ts";
import type { TcObject } from "../../../plugin/program/tc/objects.ts";
import { hookRules, type MangleChain } from "../../../plugin/program/iptables/chain.ts";
import type { NetSet } from "../../../plugin/program/ipset/set.ts";
import type { Alteration, Found } from "./alteration.ts";
import { ofTc } from "./alterations-tc.ts";

/**
 * For each object of the plan its removal; the other ways to alter it only the first time that an object of its kind at
 * its place comes by, for which `known` keeps the memory.
 */
export const alterations = (programs: readonly Program[], known: Set<string>): readonly Alteration[] =>
  programs.flatMap((program) => {
    const { place } = program;
    return ofProgram(program).flatMap(([kind, found]) => {
      const isNew = !known.has(`${place} ${kind}`);
      known.add(`${place} ${kind}`);
      const where = place === "pod" ? "in the pod" : "on the node";
      return (isNew ? found : found.slice(0, 1)).map((one) => ({
        ...one,
        title: `${one.title}, ${where}`,
        kind,
        place,
      }));
    });
  });

/** Each object with a word for its kind; the first way is to remove it. */
const ofProgram = (program: Program): readonly (readonly [string, readonly Found[]])[] => {
  switch (program.tool) {
    case "link":
      return program.objects.map(({ kind, name, mtu }) => [kind, ofIfb(name, mtu)]);
    case "tc":
      return program.objects.map((object) => [kindOf(object), ofTc(object)]);
    case "iptables":
    case "ip6tables":
      return program.objects.map((chain) => [program.tool, ofChain(program.tool, chain)]);
    case "ipset":
      return program.objects.map((set) => [`${set.kind} ${set.family}`, ofSet(set)]);
  }
};

const kindOf = (object: TcObject): string => (object.kind === "leaf" ? object.queue.kind : object.kind);

const ofIfb = (name: string, mtu: number): readonly Found[] => [
  { title: "ifb deleted", script: `ip link del ${name}`, names: [`ifb ${name}`, "missing"] },
  { title: "ifb down", script: `ip link set ${name} down`, names: [`ifb ${name}`, "down"] },
  {
    title: "ifb of somebody else",
    script: `ip link set ${name} alias else`,
    names: [`ifb ${name}`, '"else"'],
    clear: `ip link del ${name}`,
  },
  {
    title: "ifb with another MTU",
    script: `ip link set ${name} mtu ${mtu - 100}`,
    names: [`ifb ${name}`, "mtu"],
  },
];

const ofSet = ({ name, entries: [first = ""] }: NetSet): readonly Found[] => {
  const names = [`ipset ${name}`];
  const foreign = name.includes(":6:") ? "2001:db8:ffff::/48" : "203.0.113.0/24";
  return [
    {
      title: "ipset member deleted",
      script: `ipset del ${name} ${first.replace(" nomatch", "")}`,
      names: [...names, first],
    },
    { title: "ipset member added", script: `ipset add ${name} ${foreign}`, names: [...names, foreign] },
    { title: "ipset flushed", script: `ipset flush ${name}`, names },
  ];
};

const ofChain = (family: string, chain: MangleChain): readonly Found[] => {
  const { name, rules } = chain;
  const names = [`${family} mangle chain ${name}`];
  const mangle = `${family} -w -t mangle`;
  const [jump] = hookRules(chain);
  const own = [
    { title: `${family} chain flushed`, script: `${mangle} -F ${name}`, names },
    {
      title: `${family} rule altered`,
      script: `${mangle} -R ${name} 1 -j DSCP --set-dscp 0x01`,
      names: [...names, rules[0] ?? ""],
    },
    {
      title: `${family} rule before ours`,
      script: `${mangle} -I ${name} 1 -j RETURN`,
      names: [...names, "RETURN"],
    },
  ];
  if (jump === undefined) return own;
  return [
    {
      title: `${family} chain deleted`,
      script: `${mangle} -D ${jump}; ${mangle} -F ${name}; ${mangle} -X ${name}`,
      names,
    },
    { title: `${family} jump deleted`, script: `${mangle} -D ${jump}`, names: [...names, "jump"] },
    {
      title: `${family} rule before the jump`,
      script: `${mangle} -I POSTROUTING -j ACCEPT`,
      names: [...names, "POSTROUTING -j ACCEPT"],
      clear: `${mangle} -D POSTROUTING -j ACCEPT`,
    },
    {
      title: `${family} rule behind the jump`,
      script: `${mangle} -A POSTROUTING -j DSCP --set-dscp 0x01`,
      names: [...names, "behind it"],
      clear: `${mangle} -D POSTROUTING -j DSCP --set-dscp 0x01`,
    },
    { title: `${family} jump twice`, script: `${mangle} -A ${jump}`, names },
    ...own,
  ];
};
