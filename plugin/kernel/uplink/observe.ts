/** Reads an uplink back into the types that it is made of, and says what differs. Changes nothing. */
import { CniError, ErrorCode } from "../../errors.ts";
import { listTc } from "../../program/tc/render.ts";
import type { Member, PodPart, RuleTool, UplinkRules, UplinkState } from "../../program/uplink/objects.ts";
import { listRules } from "../../program/iptables/mangle.ts";
import { outOfReach, parseRules, rulesDrift, type ObservedRules } from "../../program/uplink/rules.ts";
import { listSet, parseSet, type ObservedSet } from "../../program/uplink/sets.ts";
import { parseTc, type ObservedDevice } from "../../program/tc/parse.ts";
import { treeDrift, treeFaults } from "../../program/tc/tree.ts";
import { run } from "../exec.ts";
import { kernelHasSets } from "../linux.ts";
import { refusal } from "../refusal.ts";

/** A sentence for whatever of the uplink, or of a pod's part in it, is not as it should be. Changes nothing. */
export async function uplinkDrift(state: UplinkState, pod: PodPart): Promise<readonly string[]> {
  const [seen, part] = await Promise.all([observeUplink(state), partDrift(pod)]);
  const hidden = wantedRules(state.rules).flatMap(([tool, wanted]) => {
    const observed = seen.rules.get(tool);
    return observed === undefined ? [] : outOfReach(tool, wanted, observed);
  });
  return [...driftOf(state, seen), ...hidden, ...part];
}

export type SeenUplink = {
  readonly tree: ObservedDevice;
  readonly rules: ReadonlyMap<RuleTool, ObservedRules>;
};

export async function observeUplink({ device, rules }: UplinkState): Promise<SeenUplink> {
  const [tree, ...seen] = await Promise.all([
    observeTree(device),
    ...wantedRules(rules).map(async ([tool, wanted]) => [tool, await observeRules(tool, wanted)] as const),
  ]);
  return { tree, rules: new Map(seen) };
}

export async function observeTree(device: string): Promise<ObservedDevice> {
  const batch = listTc(device);
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

export async function observeRules(
  tool: RuleTool,
  wanted: Pick<UplinkRules, "chain" | "comment">,
): Promise<ObservedRules> {
  const batch = listRules(tool);
  const outcome = await run(batch.argv, batch.input);
  if (outcome.exitCode !== 0) throw refusal("node", batch, outcome);
  return parseRules(wanted, outcome.stdout);
}

export function driftOf(state: UplinkState, seen: SeenUplink): readonly string[] {
  return [...treeDrift(state.tree, seen.tree), ...driftOfRules(state, seen)];
}

/** What keeps it from working: without what is there for nothing. */
export function faultsOf(state: UplinkState, seen: SeenUplink): readonly string[] {
  return [...treeFaults(state.tree, seen.tree), ...driftOfRules(state, seen)];
}

function driftOfRules({ rules }: UplinkState, seen: SeenUplink): readonly string[] {
  return wantedRules(rules).flatMap(([tool, wanted]) => {
    const observed = seen.rules.get(tool);
    return observed === undefined ? [] : rulesDrift(tool, wanted, observed);
  });
}

/** An address that its set has lost is in the default class, and one that another set has is in that set's class. */
async function partDrift({ members, strangers }: PodPart): Promise<readonly string[]> {
  const names = [...new Set([...members, ...strangers].map(({ set }) => set))];
  const sets = new Map(await Promise.all(names.map(async (name) => [name, await observeSet(name)] as const)));
  const has = ({ set, address }: Member): boolean => sets.get(set)?.addresses.includes(address) === true;
  return [
    ...members
      .filter((member) => !has(member))
      .map(({ set, address }) =>
        sets.get(set) === undefined ? `ipset ${set} is missing` : `ipset ${set} lacks ${address}`,
      ),
    ...strangers
      .filter(has)
      .map(({ set, address }) => `ipset ${set} has ${address}, which is in another class`),
  ];
}

/** What is in those of ours that are there, by their names. */
export async function readSets(names: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const seen = await Promise.all(names.map(async (name) => [name, await observeSet(name)] as const));
  return new Map(
    seen.flatMap(([name, set]) => (set?.isOurs === true ? [[name, set.addresses] as const] : [])),
  );
}

/** undefined where there is none, and only there. */
export async function observeSet(name: string): Promise<ObservedSet | undefined> {
  const batch = listSet(name);
  const outcome = await run(batch.argv, batch.input);
  if (outcome.exitCode === 0) return parseSet(outcome.stdout);
  if (/does not exist/.test(outcome.stderr) || !kernelHasSets()) return undefined;
  throw refusal("node", batch, outcome);
}

export function wantedRules(rules: UplinkState["rules"]): readonly (readonly [RuleTool, UplinkRules])[] {
  return (["iptables", "ip6tables"] as const).flatMap((tool) => {
    const wanted = rules[tool];
    return wanted === undefined ? [] : [[tool, wanted] as const];
  });
}
