/** Sets against what is there: what differs, and the least that mends it. Pure. */
import { succeeded, type Batch, type Handler } from "../handler.ts";
import { hasLists, hasTexts } from "../whole.ts";
import {
  addSets,
  isShared,
  leftBeside,
  listSets,
  parseSets,
  removeSets,
  replaceSets,
  type NetSet,
  type ObservedSet,
} from "./set.ts";

type Seen = readonly ObservedSet[];

export const sets: Handler<NetSet, Seen> = {
  add: addSets,
  madeBefore: () => [],
  remove: removeSets,
  removeThen: (wanted, setsLeft) => removalOf(leftBeside(wanted, parseSets(setsLeft))),
  look: () => [{ batch: listSets(), isAnswer: succeeded }],
  parse: (answers) => answers.flatMap(parseSets),
  drift: setsDrift,
  delta: (wanted, seen) => {
    const counterparts = byName(seen);
    const stale = wanted.filter((set) => setDrift(set, counterparts).length > 0);
    return {
      conflicts: stale.flatMap((set) => conflictOf(set, counterparts)),
      undo: removalOf(leftBeside(stale, seen)),
      make: stale.length > 0 ? replaceSets(stale, seen) : undefined,
      ours: wanted,
      isUntouched: stale.length === wanted.length && !stale.some(({ name }) => counterparts.has(name)),
    };
  },
  sweep: (wanted, seen) => {
    const counterparts = byName(seen);
    return removalOf([...wanted.filter(({ name }) => counterparts.has(name)), ...leftBeside(wanted, seen)]);
  },
  found: (_, answers, isOurs) =>
    answers
      .flatMap(parseSets)
      .filter(({ name, kind }) => isOurs(name) && kind === "hash:net")
      .map(({ name, family }) => ({
        kind: "set",
        name,
        family: family === "inet6" ? "inet6" : "inet",
        entries: [],
      })),
  describe: ({ name }) => `ipset ${name}`,
  key: ({ name }) => name,
  traits: ({ isFollowed }) => (isFollowed === true ? { isFollowed } : {}),
  isWhole: (value) => hasTexts(value, ["name", "family"]) && hasLists(value, ["entries"]),
};

function removalOf(doomed: readonly Pick<NetSet, "name">[]): Batch | undefined {
  return doomed.length > 0 ? removeSets(doomed) : undefined;
}

export function setsDrift(wanted: readonly NetSet[], observed: Seen): readonly string[] {
  const counterparts = byName(observed);
  return wanted.flatMap((set) => setDrift(set, counterparts));
}

type Counterparts = ReadonlyMap<string, ObservedSet>;

function byName(observed: Seen): Counterparts {
  return new Map(observed.map((set) => [set.name, set]));
}

function setDrift(set: NetSet, counterparts: Counterparts): readonly string[] {
  const counterpart = counterparts.get(set.name);
  if (counterpart === undefined) return [`ipset ${set.name} is missing`];
  if (!isSameKind(set, counterpart))
    return [`ipset ${set.name} is a ${counterpart.kind} of ${counterpart.family}`];
  if (set.isShared) return [];
  const [has, wants] = [new Set(counterpart.entries), new Set(set.entries)];
  const missing = [...wants].filter((entry) => !has.has(entry));
  const surplus = [...has].filter((entry) => !wants.has(entry));
  return [
    ...(missing.length > 0 ? [`ipset ${set.name} lacks ${some(missing)}`] : []),
    ...(surplus.length > 0 ? [`ipset ${set.name} has ${some(surplus)}, which nothing asks for`] : []),
  ];
}

/** A set cannot be swapped with one of another kind. */
function conflictOf(set: NetSet, counterparts: Counterparts): readonly string[] {
  const counterpart = counterparts.get(set.name);
  if (counterpart === undefined || isSameKind(set, counterpart)) return [];
  return [
    `a set ${set.name} exists that is not ours, a ${counterpart.kind} of ${counterpart.family}: rename or destroy it`,
  ];
}

function isSameKind({ family, isShared: ofAddresses }: NetSet, counterpart: ObservedSet): boolean {
  return (
    (ofAddresses ? isShared(counterpart) : counterpart.kind === "hash:net") && counterpart.family === family
  );
}

const shown = 3;

function some(entries: readonly string[]): string {
  const more = entries.length - shown;
  return entries.slice(0, shown).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
