/** Reads an uplink back into the types that it is made of, and says what differs. Changes nothing. */
import { CniError, ErrorCode } from "../../errors.ts";
import { filterPlaces } from "../../program/tc/filter-places.ts";
import { listTc } from "../../program/tc/render.ts";
import type { Member } from "../../program/ipset/members.ts";
import type { PodPart } from "../../datapath/uplink/sets.ts";
import { type IptablesTool, listRules } from "../../program/iptables/mangle.ts";
import { type SharedChain, type ObservedChain } from "../../program/iptables/chain.ts";
import { parseChains } from "../../program/iptables/parse.ts";
import type { UplinkState } from "../../datapath/uplink/state.ts";
import { outOfReach, sharedDrift } from "../../program/iptables/shared.ts";
import { entriesByName, isShared, listSets, parseSets, type ObservedSet } from "../../program/ipset/set.ts";
import { parseTc, type ObservedDevice } from "../../program/tc/parse.ts";
import { foreignSorters, treeDrift, treeFaults } from "../../program/tc/tree.ts";
import { run } from "../exec.ts";
import { kernelHasSets } from "../linux.ts";
import { refusal } from "../refusal.ts";

/** A sentence for whatever of the uplink, or of a pod's part in it, is not as it should be. Changes nothing. */
export async function uplinkDrift(state: UplinkState, pod: PodPart): Promise<readonly string[]> {
  const [seen, part] = await Promise.all([observeUplink(state), partDrift(pod)]);
  return [...ownDrift(state, seen), ...part];
}

/** Of the uplink itself; also that no packet gets to our rules. */
export function ownDrift(state: UplinkState, seen: SeenUplink): readonly string[] {
  const hidden = [...seen.chains].flatMap(([family, observed]) => outOfReach(family, observed));
  return [...uplinkStateDrift(state, seen), ...foreignSorters(state.root, seen.tree), ...hidden];
}

export type SeenUplink = {
  readonly tree: ObservedDevice;
  readonly chains: ReadonlyMap<IptablesTool, ObservedChain>;
};

export async function observeUplink(state: UplinkState): Promise<SeenUplink> {
  const [tree, ...seen] = await Promise.all([
    observeTree(state.device, state.tree),
    ...wantedChains(state).map(
      async ([family, wanted]) => [family, await observeChain(family, wanted)] as const,
    ),
  ]);
  return { tree, chains: new Map(seen) };
}

export async function observeTree(device: string, tree: UplinkState["tree"] = []): Promise<ObservedDevice> {
  const batch = listTc(device, filterPlaces(tree));
  const outcome = await run(batch.argv, batch.input);
  // A device without clsact fails the lines that ask for it, so only that tc came to its end can be told by the exit code.
  if (outcome.exitCode === -1) throw refusal("node", batch, outcome);
  if (!/^qdisc /m.test(outcome.stdout)) throw withoutQueue(device, outcome.stderr);
  return parseTc(device, outcome.stdout);
}

/** Every link has a queue from when it is first up. */
function withoutQueue(device: string, said: string): CniError {
  return new CniError(
    ErrorCode.kernelRefused,
    `the uplink ${device} has no queue yet: it was never up ("ip link set dev ${device} up") or is gone`,
    said.trim(),
  );
}

export async function observeChain(family: IptablesTool, wanted: SharedChain): Promise<ObservedChain> {
  const batch = listRules(family);
  const outcome = await run(batch.argv, batch.input);
  if (outcome.exitCode !== 0) throw refusal("node", batch, outcome);
  const [observed] = parseChains(outcome.stdout, [wanted]);
  return observed ?? { name: wanted.name, exists: false, rules: [], hookRules: [], before: undefined };
}

export function uplinkStateDrift(state: UplinkState, seen: SeenUplink): readonly string[] {
  return [...treeDrift(state.tree, seen.tree), ...uplinkChainsDrift(state, seen)];
}

/** What keeps it from working: without what is there for nothing. */
export function faultsOf(state: UplinkState, seen: SeenUplink): readonly string[] {
  return [...treeFaults(state.tree, seen.tree), ...uplinkChainsDrift(state, seen)];
}

function uplinkChainsDrift(state: UplinkState, seen: SeenUplink): readonly string[] {
  return wantedChains(state).flatMap(([family, wanted]) => {
    const observed = seen.chains.get(family);
    return observed === undefined ? [] : sharedDrift(family, wanted, observed);
  });
}

/** An address that its set has lost is in the default class, and one that another set has is in that set's class. */
export async function partDrift({ members, nonMembers }: PodPart): Promise<readonly string[]> {
  const names = [...new Set([...members, ...nonMembers].map(({ set }) => set))];
  const sets = new Map(await Promise.all(names.map(async (name) => [name, await observeSet(name)] as const)));
  const has = ({ set, address }: Member): boolean => sets.get(set)?.entries.includes(address) === true;
  return [
    ...members
      .filter((member) => !has(member))
      .map(({ set, address }) =>
        sets.get(set) === undefined ? `ipset ${set} is missing` : `ipset ${set} lacks ${address}`,
      ),
    ...nonMembers
      .filter(has)
      .map(({ set, address }) => `ipset ${set} has ${address}, which is in another class`),
  ];
}

/** What is in those of ours that are there, by their names. */
export async function readSets(names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const seen = await Promise.all(names.map(observeSet));
  return entriesByName(seen.filter((set) => set !== undefined).filter(isShared));
}

/** undefined where there is none, and only there. */
export async function observeSet(name: string): Promise<ObservedSet | undefined> {
  const batch = listSets(name);
  const outcome = await run(batch.argv, batch.input);
  if (outcome.exitCode === 0) return parseSets(outcome.stdout)[0];
  if (/does not exist/.test(outcome.stderr) || !kernelHasSets()) return undefined;
  throw refusal("node", batch, outcome);
}

export function wantedChains({ chains }: UplinkState): readonly (readonly [IptablesTool, SharedChain])[] {
  return (["iptables", "ip6tables"] as const).flatMap((family) => {
    const wanted = chains[family];
    return wanted === undefined ? [] : [[family, wanted] as const];
  });
}
