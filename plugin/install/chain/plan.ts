/** What an install is to write, from what is there: pure, so that tests and --dry-run see all of it. */
import type { JsonObject } from "../../cni/fields.ts";
import { refuseRepeatedKeys } from "../../cni/json-keys.ts";
import { CniError, messageOf } from "../../errors.ts";
import { asDropIn } from "./drop-in.ts";
import { assertEntry, assertVersion, plainEntry, withoutUnknownKeys } from "./entry.ts";
import { ourEntry, typesOf } from "../../cni/chain-file.ts";
import { type Chain, type ConfFile } from "./file.ts";
import { asInPlace } from "./in-place.ts";
import type { Change, Plan, Seen, Way, Requested } from "./model.ts";
import { awayOf, entryIn, isOrphan, isOwn, ownDropIns, ownOf, parsed, removal } from "./own.ts";
import { asOwnConflist } from "./own-conflist.ts";
import { findPrimary, multusSeesUs, type Primary } from "./primary.ts";
import { rivalsOf } from "./rivals.ts";

export function planChain(seen: Seen, requested: Requested): Plan {
  const primary = findPrimary(seen.files, seen.confDir, requested.network);
  if ("state" in primary) {
    // Without its primary ours would hide the next one, or keep a node ready that is not.
    const isAlone = primary.state === "away";
    const own = isAlone ? ownOf(seen, requested.network) : [];
    const changes = [...own.flatMap(asideOf), ...own.map(removal)];
    const notes = own.map(({ name }) => `${name} goes, for its network's conf is gone`);
    return { ...nothing, changes, notes, refusal: primary.why, isAlone };
  }
  const rival = rivalsOf(seen, primary.chain);
  if (rival !== undefined) return { ...nothing, refusal: rival };
  try {
    return planFor(seen, requested, primary);
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    return { ...nothing, refusal: messageOf(error) };
  }
}

const nothing: Plan = {
  changes: [],
  notes: [],
  refusal: undefined,
  isAlone: false,
  entry: undefined,
  dropped: [],
  way: undefined,
  network: undefined,
  types: [],
};

/** What an operator has given outlives the primary's absence. */
function asideOf(file: ConfFile): readonly Change[] {
  const entry = entryIn(file);
  if (entry === undefined || JSON.stringify(entry) === JSON.stringify(plainEntry)) return [];
  return [{ file: `${file.name}.away`, former: undefined, text: file.text }];
}

function planFor(seen: Seen, requested: Requested, { chain, multus }: Primary): Plan {
  const own = ownOf(seen, chain.network);
  const away = awayOf(seen, chain.network);
  const there = present(seen, chain, [...own, ...away]);
  const { entry, dropped } = chosenEntry(requested, there, chain);
  const inline = ourEntry(chain.plugins);
  const way = inline === undefined ? wayFor(requested, seen, chain.network) : "in-place";
  const made = make(way, seen, chain, entry, requested);
  const orphans = seen.files.filter((file) => isOwn(file) && isOrphan(file, seen));
  const ours = [...own, ...ownDropIns(seen, chain.network), ...orphans, ...away];
  const others = [...new Set(ours)].filter(({ name }) => name !== made.file);
  const changes = [made, ...others.map(removal)].filter(({ former, text }) => former !== text);
  const notes = [
    ...dropped.map((key) => `"${key}" is taken out of the entry: this version does not know it`),
    ...(inline !== undefined && (requested.way === "own" || requested.way === "drop-in")
      ? [
          `${chain.file} has pod-qos in it already and stays the place for it ("pod-qos uninstall" takes it out)`,
        ]
      : []),
    ...repeatedKey(chain),
    ...multusNotes(multus, chain, made.file, way),
  ];
  const types = typesOf(chain.plugins);
  return { ...nothing, changes, notes, entry, dropped, way, network: chain.network, types };
}

/** Of who only follows: what somebody installs beside it counts from then on. */
function wayFor({ way, following }: Requested, seen: Seen, network: string): Way {
  if (way !== "as-it-is") return way;
  if (ownOf(seen, network).length > 0) return "own";
  return ownDropIns(seen, network).length > 0 ? "drop-in" : (following?.way ?? "own");
}

type Chosen = { readonly entry: JsonObject; readonly dropped: readonly string[] };

function chosenEntry(
  { entry: given, following }: Requested,
  there: JsonObject | undefined,
  chain: Chain,
): Chosen {
  if (given !== undefined) {
    // What the operator gives now is held to every key; what a newer build left is not.
    assertEntry(given, chain);
    return { entry: given, dropped: [] };
  }
  // Who only follows takes nothing out: a newer build may have put it there meanwhile, and its executable.
  if (following !== undefined) {
    assertVersion(chain);
    return { entry: there ?? following.entry ?? plainEntry, dropped: [] };
  }
  const known = withoutUnknownKeys(there ?? plainEntry);
  assertEntry(known.entry, chain);
  return known;
}

function make(way: Way, seen: Seen, chain: Chain, entry: JsonObject, requested: Requested): Change {
  switch (way) {
    case "own":
      return asOwnConflist(seen, chain, entry);
    case "in-place":
      return asInPlace(chain, entry);
    case "drop-in":
      return asDropIn(seen, chain, entry, requested.way === "drop-in");
  }
}

/** Our entry as it stands. */
function present(seen: Seen, chain: Chain, own: readonly ConfFile[]): JsonObject | undefined {
  return (
    ourEntry(chain.plugins) ??
    own.map(entryIn).find((entry) => entry !== undefined) ??
    ownDropIns(seen, chain.network)
      .map(({ text }) => parsed(text))
      .find((entry) => entry !== undefined)
  );
}

/** Runtimes take the last one, in silence. */
function repeatedKey({ file, text }: Chain): readonly string[] {
  try {
    refuseRepeatedKeys(file, text);
    return [];
  } catch (error) {
    return [`${messageOf(error)}: runtimes take the last one, and the agent does not follow such a conf`];
  }
}

function multusNotes(multus: Chain | undefined, chain: Chain, file: string, way: Way): readonly string[] {
  if (multus === undefined || multusSeesUs(multus, file)) return [];
  const isThin = "delegates" in (multus.plugins[0] ?? {});
  if (way !== "own" && !isThin) return [];
  return [
    `multus (${multus.file}) has read ${chain.file} when it started: restart multus` +
      (way === "own" ? `, or give it multusMasterCNI ${file}` : "") +
      ", or no pod gets a limit",
  ];
}
