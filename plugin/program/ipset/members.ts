/**
 * Sets that many put their addresses into and take them out of: `ipset restore` text out. Pure. With `-exist` what is there
 * already is no error, so any number may say the same at once; a set of other properties is one.
 */
import { batchText, type Batch } from "../handler.ts";
import { creation, isShared, type AddressSet } from "./set.ts";

/** One entry of one set. */
export type Member = { readonly set: string; readonly address: string };

/**
 * Creates what sets are missing on the way: a member cannot be added to none. A pod that moves is in both of its sets for a
 * moment, and at no time in none.
 */
export function addToSets(
  sets: readonly AddressSet[],
  members: readonly Member[],
  nonMembers: readonly Member[] = [],
): Batch {
  return restore([
    ...sets.flatMap(creation),
    ...members.map(({ set, address }) => `add ${set} ${address}`),
    ...nonMembers.map(({ set, address }) => `del ${set} ${address}`),
  ]);
}

/** The same, and prints what is in them then. */
export function addAndTell(
  sets: readonly AddressSet[],
  members: readonly Member[],
  nonMembers: readonly Member[],
): Batch {
  const { argv, input } = addToSets(sets, members, nonMembers);
  return { argv, input: input + batchText(sets.map(({ name }) => `save ${name}`)) };
}

export function removeFromSets(members: readonly Member[]): Batch {
  return restore(members.map(({ set, address }) => `del ${set} ${address}`));
}

export function destroySet(name: string): Batch {
  return { argv: ["ipset", "destroy", name], input: "" };
}

/** Without members, which `save` always tells. */
export function listHeaders(): Batch {
  return { argv: ["ipset", "list", "-terse"], input: "" };
}

/** The names of those that we made. */
export function ourSets(headers: string): readonly string[] {
  return headers.split(/\n\n/).flatMap((entry) => {
    const [, name] = /^Name: (\S+)$/m.exec(entry) ?? [];
    const [, kind = ""] = /^Type: (\S+)$/m.exec(entry) ?? [];
    const [, properties = ""] = /^Header: (.*)$/m.exec(entry) ?? [];
    return name !== undefined && isShared({ kind, properties }) ? [name] : [];
  });
}

function restore(lines: readonly string[]): Batch {
  return { argv: ["ipset", "-exist", "restore"], input: batchText(lines) };
}
