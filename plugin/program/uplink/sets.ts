/**
 * The sets of addresses that classes are made of: `ipset restore` text out, `ipset save` text in. Pure. With `-exist` what
 * is there already is no error, so any number of ADDs may say the same; a set of other properties is one.
 */
import { batchText, type Batch } from "../handler.ts";
import type { AddressSet, Member } from "./objects.ts";

/** A set does not say who made it. Nobody else's has this size, nor would anybody choose it. */
const size = 65_905;

export function addToSets(
  sets: readonly AddressSet[],
  members: readonly Member[],
  strangers: readonly Member[] = [],
): Batch {
  return restore(
    ["-exist"],
    [
      ...sets.map(
        ({ name, family }) => `create ${name} hash:ip family ${family} hashsize 1024 maxelem ${size}`,
      ),
      ...strangers.map(({ set, address }) => `del ${set} ${address}`),
      ...members.map(({ set, address }) => `add ${set} ${address}`),
    ],
  );
}

/** The same, and prints what is in them then. */
export function joinSets(
  sets: readonly AddressSet[],
  members: readonly Member[],
  strangers: readonly Member[],
): Batch {
  const { argv, input } = addToSets(sets, members, strangers);
  return { argv, input: input + batchText(sets.map(({ name }) => `save ${name}`)) };
}

export function parseSets(saved: string): ReadonlyMap<string, readonly string[]> {
  const sets = new Map<string, string[]>();
  for (const [, verb, name = "", word = ""] of saved.matchAll(/^(create|add) (\S+) (\S+)/gm)) {
    if (verb === "create") sets.set(name, []);
    else sets.get(name)?.push(word);
  }
  return sets;
}

export function removeFromSets(members: readonly Member[]): Batch {
  return restore(
    ["-exist"],
    members.map(({ set, address }) => `del ${set} ${address}`),
  );
}

export function putBack(members: readonly Member[]): Batch {
  return addToSets([], members);
}

export function destroySet(name: string): Batch {
  return { argv: ["ipset", "destroy", name], input: "" };
}

export function listSet(name: string): Batch {
  return { argv: ["ipset", "save", name], input: "" };
}

export function listAllSets(): Batch {
  return { argv: ["ipset", "list", "-terse"], input: "" };
}

export type ObservedSet = {
  readonly isOurs: boolean;
  readonly properties: string;
  readonly addresses: readonly string[];
};

/** undefined where there is no such set. */
export function parseSet(saved: string): ObservedSet | undefined {
  const [, properties] = /^create \S+ (.*)$/m.exec(saved) ?? [];
  if (properties === undefined) return undefined;
  const addresses = [...saved.matchAll(/^add \S+ (\S+)/gm)].map(([, address = ""]) => address);
  return {
    isOurs: isOurs(properties),
    properties: properties.replace(/ (bucketsize|initval) \S+/g, ""),
    addresses,
  };
}

/** The names of those that we made. */
export function ourSets(listed: string): readonly string[] {
  return listed.split(/\n\n/).flatMap((entry) => {
    const [, name] = /^Name: (\S+)$/m.exec(entry) ?? [];
    return name !== undefined && /^Type: hash:ip$/m.test(entry) && isOurs(entry) ? [name] : [];
  });
}

function isOurs(properties: string): boolean {
  return new RegExp(` maxelem ${size}( |$)`, "m").test(properties);
}

function restore(options: readonly string[], lines: readonly string[]): Batch {
  return { argv: ["ipset", ...options, "restore"], input: batchText(lines) };
}
