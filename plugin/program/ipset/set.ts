/**
 * Address sets in the pod's namespace, one lookup however many networks they hold. Pure: `ipset restore` text out,
 * `ipset save` text in.
 *
 *     create pod-qos-eth0:4:v0dkjuud hash:net family inet maxelem 65536
 *     add pod-qos-eth0:4:v0dkjuud 10.0.0.0/8
 *     add pod-qos-eth0:4:v0dkjuud 10.1.0.0/16 nomatch
 */
import { batchText, type Batch } from "../handler.ts";

export type NetSet = {
  readonly kind: "set";
  readonly name: string;
  readonly family: "inet" | "inet6";
  /** As ipset prints them back: `10.0.0.0/8`, `10.1.0.0/16 nomatch`, `10.1.2.3` for a single address. */
  readonly entries: readonly string[];
  /** One of single addresses that many put in and take out: `entries` says nothing of those. */
  readonly isShared?: true;
  /** Of pods, which come and go: changed in its place, entry by entry. */
  readonly isFollowed?: true;
  /** What its rules name, and which rules these are: by that its entries are found again while nobody knows the pods. */
  readonly follows?: { readonly called: string; readonly rules: readonly string[] };
};

export type AddressSet = NetSet & { readonly isShared: true };

export function addSets(sets: readonly NetSet[]): Batch {
  return restore(sets.flatMap(creation));
}

/**
 * With other members, or made with another size: filled beside and swapped in, so that rules find it whole throughout. One that
 * is not there is made in its place: `create -exist` refuses a set of another size. One that follows
 * pods is changed in its place.
 */
export function replaceSets(sets: readonly NetSet[], observed: readonly ObservedSet[]): Batch {
  const counterparts = new Map(observed.map((set) => [set.name, set]));
  return restore(
    sets.flatMap((set) => {
      const counterpart = counterparts.get(set.name);
      if (counterpart === undefined) return creation(set);
      if (set.isFollowed === true && hasRoom(set, counterpart)) return changeEntries(set, counterpart);
      const beside = { ...set, name: besideOf(set) };
      return [...creation(beside), `swap ${beside.name} ${set.name}`, `destroy ${beside.name}`];
    }),
  );
}

/** In its place, what is new before what is old: an address that both have is in it throughout. */
export function changeEntries(set: NetSet, observed: ObservedSet): readonly string[] {
  const [wants, has] = [new Set(set.entries), new Set(observed.entries)];
  const stays = new Set(set.entries.map(networkIn));
  // A network that only becomes `nomatch`, or is it no more, is added over itself.
  const gone = observed.entries.filter((entry) => !wants.has(entry) && !stays.has(networkIn(entry)));
  return [
    ...set.entries.filter((entry) => !has.has(entry)).map((entry) => `add ${set.name} ${entry} -exist`),
    ...gone.map((entry) => `del ${set.name} ${networkIn(entry)} -exist`),
  ];
}

/** The kernel does not let a set grow. While it is changed old and new are in it together. */
export function hasRoom(set: NetSet, { properties, entries }: ObservedSet): boolean {
  const [, most = 0] = / maxelem (\d+)/.exec(properties) ?? [];
  return new Set([...set.entries, ...entries]).size <= Number(most);
}

export function networkIn(entry: string): string {
  return entry.replace(/ nomatch$/, "");
}

/** What a replacement that was cut short leaves. */
export function leftBeside(
  sets: readonly NetSet[],
  observed: readonly ObservedSet[],
): readonly ObservedSet[] {
  const names = new Set(sets.map(besideOf));
  return observed.filter(({ name }) => names.has(name));
}

function besideOf({ name }: NetSet): string {
  return `${name}+`;
}

/** Says at last which sets are left. */
export function removeSets(sets: readonly Pick<NetSet, "name">[]): Batch {
  return restore([...sets.map(({ name }) => `destroy ${name}`), "save"]);
}

/** All of them, where none is named. */
export function listSets(name?: string): Batch {
  return { argv: name === undefined ? ["ipset", "save"] : ["ipset", "save", name], input: "" };
}

export type ObservedSet = {
  readonly name: string;
  readonly kind: string;
  readonly family: string;
  /** As it was created. */
  readonly properties: string;
  readonly entries: readonly string[];
};

export function parseSets(output: string): readonly ObservedSet[] {
  const entries = new Map<string, string[]>();
  const sets: ObservedSet[] = [];
  for (const line of output.split("\n")) {
    const [verb, name = "", ...rest] = line.trim().split(" ");
    if (verb === "create") {
      const members: string[] = [];
      entries.set(name, members);
      sets.push({
        name,
        kind: rest[0] ?? "",
        family: /family (\S+)/.exec(line)?.[1] ?? "",
        properties: rest.join(" ").replace(/ (bucketsize|initval) \S+/g, ""),
        entries: members,
      });
    }
    if (verb === "add") entries.get(name)?.push(rest.join(" "));
  }
  return sets;
}

export function entriesByName(sets: readonly ObservedSet[]): ReadonlyMap<string, readonly string[]> {
  return new Map(sets.map(({ name, entries }) => [name, entries]));
}

/** The kernel refuses to grow a set beyond `maxelem`, 65536 unless told. */
const usualSize = 65_536;

/** A set does not say who made it. Nobody else's has this size, nor would anybody choose it. */
const sharedSize = 65_905;

export function isShared({ kind, properties }: Pick<ObservedSet, "kind" | "properties">): boolean {
  return kind === "hash:ip" && ` ${properties} `.includes(` maxelem ${sharedSize} `);
}

export function creation({ name, family, entries, isShared: ofAddresses }: NetSet): readonly string[] {
  if (ofAddresses) return [`create ${name} hash:ip family ${family} hashsize 1024 maxelem ${sharedSize}`];
  return [
    `create ${name} hash:net family ${family} maxelem ${Math.max(usualSize, entries.length)}`,
    ...entries.map((entry) => `add ${name} ${entry}`),
  ];
}

function restore(lines: readonly string[]): Batch {
  return { argv: ["ipset", "restore"], input: batchText(lines) };
}
