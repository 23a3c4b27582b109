/** What a rule matches, as the words that iptables takes and prints back, for one address family. Pure. */
import { networkIn, type NetSet } from "../../program/ipset/set.ts";
import { bitsOf, formatCidr } from "../../policy/address/cidr.ts";
import {
  destinationsOf,
  type Block,
  type IpFamily,
  type PodDestinations,
  type Rule,
  type Service,
} from "../../policy/rule/rule.ts";
import { setName } from "../names.ts";
import { membersOf, type Member } from "./address-set.ts";

/** Gives the set that holds the members; the same set to all that ask for the same ones. */
export type Sets = {
  readonly holding: (members: readonly Member[]) => string;
  /** The set whose members change while packets are looked up in it: one to all that are called the same. */
  readonly following: (followed: Followed, rule: string) => string;
  readonly all: () => readonly NetSet[];
};

export function createSets(ifname: string, family: IpFamily): Sets {
  const sets = new Map<string, NetSet>();
  const names = new Set<string>();
  const named = (key: string, entries: readonly string[]): NetSet => {
    const known = sets.get(key);
    if (known !== undefined) return known;
    const name = setName(ifname, family, key, (other) => names.has(other));
    names.add(name);
    const set: NetSet = { kind: "set", name, family: family === 4 ? "inet" : "inet6", entries };
    sets.set(key, set);
    return set;
  };
  return {
    holding: (members) => {
      const entries = entriesOf(members);
      return named(entries.join(), entries).name;
    },
    following: ({ called, entries }, rule) => {
      const set = named(called, entries);
      const rules = [...new Set([...(set.follows?.rules ?? []), rule])];
      sets.set(called, { ...set, isFollowed: true, follows: { called, rules } });
      return set.name;
    },
    all: () => [...sets.values()],
  };
}

function entriesOf(members: readonly Member[]): readonly string[] {
  return withHalves(members).map(entryOf);
}

/** One text for each line that the rule takes, "" for every packet; none where no packet of this family can match. */
export function conditionsOf(rule: Rule, family: IpFamily, sets: Sets): readonly string[] {
  const to =
    rule.toPods === undefined ? addressMatch(rule.to, family) : followedMatch(rule.to, rule.toPods, family);
  const from = addressMatch(rule.from, family);
  if (to === "nothing" || from === "nothing") return [];
  const network = [...networkWords("-s", from), ...networkWords("-d", to)];
  const looked = [...setWords("src", from, sets, rule), ...setWords("dst", to, sets, rule)];
  return serviceMatches(rule.services).map(({ protocol, ports }) =>
    [...network, ...protocol, ...looked, ...ports].join(" "),
  );
}

type AddressMatch = "anything" | "nothing" | readonly Member[] | Followed;

/** Stands also while it has no members: these come without a change of the rules. */
type Followed = { readonly called: string; readonly entries: readonly string[] };

function followedMatch(to: readonly Block[], toPods: PodDestinations, family: IpFamily): AddressMatch {
  if (to.length > 0 && addressMatch(to, family) === "anything") return "anything";
  const ofFamily = (blocks: readonly Block[] = []) => blocks.filter(({ cidr }) => cidr.family === family);
  // Single addresses alone are mostly all that there is, and a thousand of them.
  const entries =
    ofFamily(to).length === 0
      ? toPods.addresses.flatMap((one) => (one.family === family ? [one.address] : []))
      : entriesOf(membersOf(ofFamily(destinationsOf({ to, toPods }))));
  const kept = (toPods.kept ?? []).filter((entry) => entry.includes(":") === (family === 6));
  return { called: calledBy(to, toPods), entries: kept.length === 0 ? entries : withKept(entries, kept) };
}

/** What a set is for: with the same text it has the same pods. */
export function calledBy(to: readonly Block[], { peers }: PodDestinations): string {
  return JSON.stringify([to, peers]);
}

/** Of an address that old and new entries cover the longest entry decides. Where nothing is new the set is as it was, in its order. */
function withKept(entries: readonly string[], kept: readonly string[]): readonly string[] {
  if (entries.every((entry) => kept.includes(entry))) return kept;
  const named = new Set(entries.map(networkIn));
  return [...entries, ...kept.filter((entry) => !named.has(networkIn(entry)))];
}

function addressMatch(blocks: readonly Block[], family: IpFamily): AddressMatch {
  if (blocks.length === 0) return "anything";
  const members = membersOf(blocks.filter(({ cidr }) => cidr.family === family));
  const [first, ...more] = members;
  if (first === undefined) return "nothing";
  return first.cidr.prefix === 0 && more.length === 0 ? "anything" : members;
}

/** A single network needs no set. */
function isSingle(match: AddressMatch): match is readonly [Member] {
  return Array.isArray(match) && match.length === 1;
}

function networkWords(option: "-s" | "-d", match: AddressMatch): readonly string[] {
  return isSingle(match) ? [`${option} ${formatCidr(match[0].cidr)}`] : [];
}

function setWords(
  direction: "src" | "dst",
  match: AddressMatch,
  sets: Sets,
  { source }: Rule,
): readonly string[] {
  if (typeof match === "string" || isSingle(match)) return [];
  const set = "called" in match ? sets.following(match, source) : sets.holding(match);
  return [`-m set --match-set ${set} ${direction}`];
}

type ServiceMatch = { readonly protocol: readonly string[]; readonly ports: readonly string[] };

/** What xt_multiport takes. */
const portsPerLine = 15;

function serviceMatches(services: readonly Service[]): readonly ServiceMatch[] {
  if (services.length === 0) return [{ protocol: [], ports: [] }];
  const protocols = [...new Set(services.map(({ protocol }) => protocol))];
  return protocols.flatMap((name): readonly ServiceMatch[] => {
    const protocol = [`-p ${name.toLowerCase()}`];
    const wanted = services.filter((service) => service.protocol === name);
    const ports = [...new Set(wanted.flatMap(({ port }) => (port === undefined ? [] : [port])))];
    if (wanted.some(({ port }) => port === undefined)) return [{ protocol, ports: [] }];
    return chunks(ports).map((chunk) => ({ protocol, ports: [`-m multiport --dports ${chunk.join(",")}`] }));
  });
}

function chunks(ports: readonly number[]): readonly (readonly number[])[] {
  const count = Math.ceil(ports.length / portsPerLine);
  return Array.from({ length: count }, (_, at) => ports.slice(at * portsPerLine, (at + 1) * portsPerLine));
}

/** A set takes no /0: its halves instead, unless a half is a member of its own and decides otherwise. */
function withHalves(members: readonly Member[]): readonly Member[] {
  const [all, ...others] = members;
  if (all?.cidr.prefix !== 0) return members;
  const named = new Set(others.map(({ cidr }) => formatCidr(cidr)));
  const halves = wholeFamily[all.cidr.family].map((address) => ({ ...all.cidr, address, prefix: 1 }));
  const unnamed = halves.filter((cidr) => !named.has(formatCidr(cidr)));
  return [...unnamed.map((cidr) => ({ cidr, matches: all.matches })), ...others];
}

const wholeFamily: Readonly<Record<IpFamily, readonly string[]>> = {
  4: ["0.0.0.0", "128.0.0.0"],
  6: ["::", "8000::"],
};

/** A set prints a single address without its length. */
function entryOf({ cidr, matches }: Member): string {
  const network = cidr.prefix === bitsOf(cidr.family) ? cidr.address : formatCidr(cidr);
  return network + (matches ? "" : " nomatch");
}
