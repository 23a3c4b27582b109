/**
 * Makes an uplink what it shall be, with any number of others doing the same at once and no lock: look, do the least that
 * is missing, look again. Every step is refused or harmless when somebody else was faster.
 */
import { CniError, ErrorCode } from "../../errors.ts";
import type { Batch } from "../../program/handler.ts";
import type { PodPart } from "../../datapath/uplink/sets.ts";
import type { UplinkState } from "../../datapath/uplink/state.ts";
import { destroySet, addAndTell, type Member } from "../../program/ipset/members.ts";
import { entriesByName, isShared, parseSets } from "../../program/ipset/set.ts";
import { changeShared, setsOf } from "../../program/iptables/shared.ts";
import { addTc } from "../../program/tc/render.ts";
import { changeTree, rootOwner, trimTree } from "../../program/tc/tree.ts";
import { run, type Outcome } from "../exec.ts";
import { refusal } from "../refusal.ts";
import { assertNothingForeign } from "./foreign.ts";
import {
  uplinkStateDrift,
  faultsOf,
  observeSet,
  observeUplink,
  wantedChains,
  type SeenUplink,
} from "./observe.ts";
import { retreat } from "./retreat.ts";

const mostRounds = 12;

export type Joined = {
  readonly seen: SeenUplink;
  /** What is in the sets of the classes, by their names. */
  readonly sets: ReadonlyMap<string, readonly string[]>;
};

/** Puts the pod into the sets of its class, and tells how the uplink is. */
export function joinUplink(state: UplinkState, pod: PodPart): Promise<Joined> {
  return orRetreat(state, pod, async () => {
    const [seen, sets] = await Promise.all([observeUplink(state), joinSets(state, pod)]);
    assertNothingForeign(state, seen);
    return { seen, sets };
  });
}

function isSettled(state: UplinkState, seen: SeenUplink): boolean {
  return uplinkStateDrift(state, seen).length === 0;
}

/** `everybody`: what every pod of the uplink has in its sets, for those that have to be made anew. */
export function settleUplink(
  state: UplinkState,
  pod: PodPart,
  first: SeenUplink,
  everybody: readonly Member[],
): Promise<void> {
  return orRetreat(state, pod, () => settle(state, first, everybody));
}

async function orRetreat<Value>(
  state: UplinkState,
  pod: PodPart,
  body: () => Promise<Value>,
): Promise<Value> {
  try {
    return await body();
  } catch (error) {
    await retreat(state, pod, error);
    throw error;
  }
}

async function settle(state: UplinkState, first: SeenUplink, everybody: readonly Member[]): Promise<void> {
  let seen = first;
  for (let round = 1; ; round += 1) {
    assertNothingForeign(state, seen);
    if (isSettled(state, seen)) return;
    const refused = await approach(state, seen, everybody);
    seen = await observeUplink(state);
    const left = faultsOf(state, seen);
    if (left.length === 0) return;
    if (refused?.code === ErrorCode.missingFeature || round === mostRounds) {
      throw refused ?? unsettled(state, left);
    }
    await pause(round);
  }
}

/** Sets first, for one that is foreign ends it before anything is changed; what is no longer wanted last, when nothing leads to it any more. */
async function approach(
  state: UplinkState,
  seen: SeenUplink,
  everybody: readonly Member[],
): Promise<CniError | undefined> {
  const refusals: (CniError | undefined)[] = [];
  const attempt = async (batch: Batch | undefined): Promise<void> => {
    if (batch !== undefined) refusals.push(refusedBy(batch, await run(batch.argv, batch.input)));
  };
  const isNew = rootOwner(state.root, seen.tree) === undefined;
  await joinSets(state, { members: withPlace(state, everybody), nonMembers: [] });
  await attempt(isNew ? addTc(state.tree) : changeTree(state.tree, seen.tree));
  await Promise.all(
    wantedChains(state).map(([family, wanted]) => {
      const observed = seen.chains.get(family);
      return attempt(observed && changeShared(family, wanted, observed));
    }),
  );
  if (!isNew) await attempt(trimTree(state.tree, seen.tree));
  await Promise.all(surplusSets(state, seen).map((name) => run(destroySet(name).argv, "")));
  return refusals.find((each) => each !== undefined);
}

/** Creates what sets are missing on the way: a member cannot be added to none. */
async function joinSets(state: UplinkState, pod: PodPart): Promise<Joined["sets"]> {
  if (state.sets.length === 0) return new Map();
  const batch = addAndTell(state.sets, pod.members, withPlace(state, pod.nonMembers));
  const outcome = await run(batch.argv, batch.input);
  if (outcome.exitCode === 0) return entriesByName(parseSets(outcome.stdout));
  for (const { name } of state.sets) {
    const observed = await observeSet(name);
    if (observed === undefined || isShared(observed)) continue;
    throw new CniError(
      ErrorCode.foreignObject,
      `there is a set ${name} that is not ours (${observed.properties}): stop what keeps it, then "ipset destroy ${name}", ` +
        `or give the class another "set"`,
    );
  }
  throw refusal("node", batch, outcome);
}

/** Where the node has no IPv6 there are no sets of it. */
function withPlace({ sets }: UplinkState, members: readonly Member[]): readonly Member[] {
  const names = new Set(sets.map(({ name }) => name));
  return members.filter(({ set }) => names.has(set));
}

/** What rules of ours look into although no class has it any more. */
function surplusSets(state: UplinkState, seen: SeenUplink): readonly string[] {
  const wanted = new Set(state.sets.map(({ name }) => name));
  const used = [...seen.chains.values()].flatMap(setsOf);
  return [...new Set(used)].filter((name) => !wanted.has(name));
}

function refusedBy(batch: Batch, outcome: Outcome): CniError | undefined {
  return outcome.exitCode === 0 ? undefined : refusal("node", batch, outcome);
}

function unsettled({ device }: UplinkState, left: readonly string[]): CniError {
  return new CniError(
    ErrorCode.tryAgainLater,
    `the uplink ${device} keeps changing, another process changes it too: ${left.join("; ")}`,
  );
}

/** Longer each time and by chance, so that two who undo each other's work part. */
function pause(round: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * 8 * round));
}
