/** Mangle chains against what is there: what differs, and the least that mends it. Pure. */
import { succeeded, type Handler } from "../handler.ts";
import { hasLists, hasTexts } from "../whole.ts";
import {
  addChains,
  describeChain,
  hookRules,
  removeChains,
  removeFound,
  replaceChains,
  type MangleChain,
  type ObservedChain,
} from "./chain.ts";
import { parseChains } from "./parse.ts";
import { listRules, type IptablesTool } from "./mangle.ts";
import { outOfReach, sharedDrift, undoneBehind } from "./shared.ts";

type Seen = readonly ObservedChain[];

export function chains(family: IptablesTool): Handler<MangleChain, Seen> {
  return {
    add: (wanted) => addChains(family, wanted),
    madeBefore: () => [],
    remove: (wanted) => removeChains(family, wanted),
    look: () => [{ batch: listRules(family), isAnswer: succeeded }],
    parse: ([saved = ""], wanted) => parseChains(saved, wanted),
    drift: (wanted, seen) => chainsDrift(family, wanted, seen),
    delta: (wanted, seen) => {
      const counterparts = byName(seen);
      const stale = wanted.filter((chain) => chainDrift(family, chain, counterparts).length > 0);
      const names = new Set(stale.map(({ name }) => name));
      const found = seen.filter(({ name }) => names.has(name));
      return {
        conflicts: seen.flatMap(({ name, before }) =>
          before === undefined
            ? []
            : [`no packet gets to ${describeChain(family, name)} past the rule "${before}": take it out`],
        ),
        undo: undefined,
        make: stale.length > 0 ? replaceChains(family, stale, found) : undefined,
        ours: wanted,
        isUntouched: stale.length === wanted.length && !found.some(isThere),
      };
    },
    sweep: (_, seen) => {
      const left = seen.filter(isThere);
      return left.length > 0 ? removeFound(family, left) : undefined;
    },
    found: (_, [saved = ""], isOurs) =>
      [...saved.matchAll(/^:(\S+) /gm)]
        .flatMap(([, name = ""]) => (isOurs(name) ? [name] : []))
        .map((name) => ({ kind: "chain", name, calledFrom: [], rules: [] })),
    describe: ({ name }) => describeChain(family, name),
    key: ({ name }) => name,
    traits: () => ({}),
    isWhole: (value) => hasTexts(value, ["name"]) && hasLists(value, ["calledFrom", "rules"]),
  };
}

export function chainsDrift(
  family: IptablesTool,
  wanted: readonly MangleChain[],
  observed: Seen,
): readonly string[] {
  const counterparts = byName(observed);
  return wanted.flatMap((chain) => chainDrift(family, chain, counterparts));
}

type Counterparts = ReadonlyMap<string, ObservedChain>;

function byName(observed: Seen): Counterparts {
  return new Map(observed.map((chain) => [chain.name, chain]));
}

function chainDrift(family: IptablesTool, chain: MangleChain, counterparts: Counterparts): readonly string[] {
  const name = describeChain(family, chain.name);
  const counterpart = counterparts.get(chain.name);
  if (counterpart === undefined || !counterpart.exists) return [`${name} is missing`];
  if (chain.shared !== undefined)
    return [...sharedDrift(family, chain, counterpart), ...outOfReach(family, counterpart)];
  const jumpFaults = hookRules(chain).flatMap((jump) => jumpFault(name, jump, counterpart));
  if (jumpFaults.length > 0) return jumpFaults;
  const stray = counterpart.hookRules.filter((rule) => !hookRules(chain).includes(rule));
  if (stray.length > 0) return [`${name} is jumped to by "${stray.join('" and "')}", which is not ours`];
  if (counterpart.before !== undefined)
    return [`${name}: no packet gets to it past the rule "${counterpart.before}"`];
  if (counterpart.behind !== undefined) return [undoneBehind(name, counterpart.behind)];
  return ruleFaults(name, chain.rules, counterpart.rules);
}

function jumpFault(name: string, jump: string, seen: ObservedChain): readonly string[] {
  const count = seen.hookRules.filter((rule) => rule === jump).length;
  const hook = jump.split(" ", 1)[0] ?? "";
  if (count === 0) return [`${name}: the jump to it from ${hook} is missing`];
  return count === 1 ? [] : [`${name}: ${hook} jumps to it ${count} times`];
}

/** The first rule that differs says enough: a chain may have thousands. */
function ruleFaults(name: string, wanted: readonly string[], has: readonly string[]): readonly string[] {
  const length = Math.max(wanted.length, has.length);
  const at = Array.from({ length }, (_, index) => index).find((index) => wanted[index] !== has[index]);
  if (at === undefined) return [];
  return [`${name} has ${quoted(has[at])} as rule ${at + 1}, wanted ${quoted(wanted[at])}`];
}

function quoted(rule: string | undefined): string {
  return rule === undefined ? "no rule" : `"${rule}"`;
}

function isThere(seen: ObservedChain): boolean {
  return seen.exists || seen.hookRules.length > 0;
}
