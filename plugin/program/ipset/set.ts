/**
 * Address sets in the pod's namespace, one lookup however many networks they hold. Pure: `ipset restore` text out,
 * `ipset save` text in.
 *
 *     create pod-qos-eth0:4:0 hash:net family inet maxelem 65536
 *     add pod-qos-eth0:4:0 10.0.0.0/8
 *     add pod-qos-eth0:4:0 10.1.0.0/16 nomatch
 */
import { batchText, type Batch } from "../handler.ts";

export type NetSet = {
  readonly kind: "set";
  readonly name: string;
  readonly family: "inet" | "inet6";
  /** As ipset prints them back: `10.0.0.0/8`, `10.1.0.0/16 nomatch`, `10.1.2.3` for a single address. */
  readonly entries: readonly string[];
};

export function addSets(sets: readonly NetSet[]): Batch {
  return restore(sets.flatMap(creation));
}

/**
 * With other members, or made with another size: filled beside and swapped in, so that rules find it whole throughout. One that
 * is not there is made in its place: `create -exist` refuses a set of another size.
 */
export function replaceSets(sets: readonly NetSet[], observed: readonly ObservedSet[]): Batch {
  const there = new Set(observed.map(({ name }) => name));
  return restore(
    sets.flatMap((set) => {
      if (!there.has(set.name)) return creation(set);
      const beside = { ...set, name: besideOf(set) };
      return [...creation(beside), `swap ${beside.name} ${set.name}`, `destroy ${beside.name}`];
    }),
  );
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

export function listSets(): Batch {
  return { argv: ["ipset", "save"], input: "" };
}

export type ObservedSet = {
  readonly name: string;
  readonly kind: string;
  readonly family: string;
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
        entries: members,
      });
    }
    if (verb === "add") entries.get(name)?.push(rest.join(" "));
  }
  return sets;
}

/** The kernel refuses to grow a set beyond `maxelem`, 65536 unless told. */
const usualSize = 65_536;

function creation({ name, family, entries }: NetSet): readonly string[] {
  return [
    `create ${name} hash:net family ${family} maxelem ${Math.max(usualSize, entries.length)}`,
    ...entries.map((entry) => `add ${name} ${entry}`),
  ];
}

function restore(lines: readonly string[]): Batch {
  return { argv: ["ipset", "restore"], input: batchText(lines) };
}
