/** Links against what is there: what differs, and the least that mends it. Pure. */
import { succeeded, type Handler } from "../handler.ts";
import { hasTexts } from "../whole.ts";
import {
  addLinks,
  changeLinks,
  parseLinks,
  removeLinks,
  lookAtLink,
  type Ifb,
  type ObservedLink,
} from "./ifb.ts";

type Seen = readonly ObservedLink[];

export const links: Handler<Ifb, Seen> = {
  add: addLinks,
  madeBefore: () => [],
  remove: removeLinks,
  look: (wanted) => wanted.map(({ name }) => ({ batch: lookAtLink(name), isAnswer: succeeded })),
  parse: (answers) => answers.flatMap(parseLinks),
  drift: linkDrift,
  delta: (wanted, seen) => {
    const { conflicts, change, add } = linkDelta(wanted, seen);
    return {
      conflicts,
      undo: undefined,
      make: change.length + add.length > 0 ? changeLinks(change, add) : undefined,
      ours: wanted.filter((ifb) => !seen.some((link) => link.name === ifb.name && isForeign(link, ifb))),
      isUntouched: change.length === 0 && add.length === wanted.length,
    };
  },
  sweep: (wanted, seen) => {
    const left = wanted.filter((ifb) => seen.some((link) => link.name === ifb.name && !isForeign(link, ifb)));
    return left.length > 0 ? removeLinks(left) : undefined;
  },
  found: (possible, answers) => {
    const seen = answers.flatMap(parseLinks);
    return possible.filter((ifb) => seen.some((link) => link.name === ifb.name && !isForeign(link, ifb)));
  },
  describe: ({ name }) => `ifb ${name}`,
  key: ({ name }) => name,
  traits: (link) => ({ link }),
  isWhole: (value) => hasTexts(value, ["name", "alias"]),
};

export function linkDrift(wanted: readonly Ifb[], observed: Seen): readonly string[] {
  return wanted.flatMap((ifb) => {
    const counterpart = observed.find(({ name }) => name === ifb.name);
    if (counterpart === undefined) return [`ifb ${ifb.name} is missing`];
    if (counterpart.alias !== ifb.alias)
      return [`ifb ${ifb.name} has alias "${counterpart.alias}", wanted "${ifb.alias}"`];
    if (!counterpart.up) return [`ifb ${ifb.name} is down: it drops everything redirected to it`];
    if (counterpart.mtu !== ifb.mtu) return [`ifb ${ifb.name} has mtu ${counterpart.mtu}, wanted ${ifb.mtu}`];
    return [];
  });
}

type LinkDelta = {
  readonly conflicts: readonly string[];
  /** In place: without its ifb a pod that runs receives or sends nothing. */
  readonly change: readonly Ifb[];
  readonly add: readonly Ifb[];
};

export function linkDelta(wanted: readonly Ifb[], observed: Seen): LinkDelta {
  const deltas = wanted.map((ifb): LinkDelta => {
    const counterpart = observed.find(({ name }) => name === ifb.name);
    if (counterpart === undefined) return { conflicts: [], change: [], add: [ifb] };
    if (isForeign(counterpart, ifb)) {
      const conflict = `a link ${ifb.name} exists that is not ours (alias "${counterpart.alias}"): delete or rename it`;
      return { conflicts: [conflict], change: [], add: [] };
    }
    const isFine = linkDrift([ifb], [counterpart]).length === 0;
    return { conflicts: [], change: isFine ? [] : [ifb], add: [] };
  });
  return {
    conflicts: deltas.flatMap(({ conflicts }) => conflicts),
    change: deltas.flatMap(({ change }) => change),
    add: deltas.flatMap(({ add }) => add),
  };
}

/** An ifb without an alias is one of ours that a killed ADD left half made. */
function isForeign({ kind, alias }: ObservedLink, wanted: Ifb): boolean {
  return kind !== "ifb" || (alias !== wanted.alias && alias !== "");
}
