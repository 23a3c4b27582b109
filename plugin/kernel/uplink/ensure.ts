/**
 * Makes an uplink what it shall be, with any number of others doing the same at once and no lock: look, do the least that
 * is missing, look again. Every step is refused or harmless when somebody else was faster.
 */
import { CniError, ErrorCode } from "../../errors.ts";
import type { Batch } from "../../program/handler.ts";
import type { Member, PodPart, UplinkState } from "../../program/uplink/objects.ts";
import { changeRules, foreignRule, setsOf } from "../../program/uplink/rules.ts";
import { addToSets, destroySet } from "../../program/uplink/sets.ts";
import { changeTree, createTree, removeTree, rootOwner, trimTree } from "../../program/uplink/tree.ts";
import { run, type Outcome } from "../exec.ts";
import { refusal } from "../refusal.ts";
import { driftOf, observeSet, observeUplink, wantedRules, type SeenUplink } from "./observe.ts";

const mostRounds = 12;

/** `all`: what every pod of the uplink has in its sets, for those that have to be made anew. */
export async function ensureUplink(
  state: UplinkState,
  pod: PodPart,
  all: () => readonly Member[],
): Promise<void> {
  const [first] = await Promise.all([observeUplink(state), joinSets(state, pod)]);
  let seen = first;
  for (let round = 1; ; round += 1) {
    assertNothingForeign(state, seen);
    if (driftOf(state, seen).length === 0) return;
    const refused = await approach(state, seen, all());
    seen = await observeUplink(state);
    const left = driftOf(state, seen);
    if (left.length === 0) return;
    if (refused?.code === ErrorCode.missingFeature || round === mostRounds) {
      await openIfShut(state, seen);
      throw refused ?? unsettled(state, left);
    }
    await pause(round);
  }
}

/** Sets first, for one that is foreign ends it before anything is changed; what is no longer wanted last, when nothing leads to it any more. */
async function approach(
  state: UplinkState,
  seen: SeenUplink,
  members: readonly Member[],
): Promise<CniError | undefined> {
  const refusals: (CniError | undefined)[] = [];
  const attempt = async (batch: Batch | undefined): Promise<void> => {
    if (batch !== undefined) refusals.push(refusedBy(batch, await run(batch.argv, batch.input)));
  };
  const isNew = rootOwner(state.tree, seen.tree) === undefined;
  await joinSets(state, { members: withPlace(state, members), strangers: [] });
  await attempt(isNew ? createTree(state.tree) : changeTree(state.tree, seen.tree));
  await Promise.all(
    wantedRules(state.rules).map(([tool, wanted]) => {
      const observed = seen.rules.get(tool);
      return attempt(observed && changeRules(tool, wanted, observed));
    }),
  );
  if (!isNew) await attempt(trimTree(state.tree, seen.tree));
  await Promise.all(surplusSets(state, seen).map((name) => run(destroySet(name).argv, "")));
  return refusals.find((each) => each !== undefined);
}

/** A root of ours without its default class drops whatever the node sends: then better none. */
async function openIfShut({ device, tree }: UplinkState, seen: SeenUplink): Promise<void> {
  const defaultClass = `${tree.root.handle}${tree.root.defaultClass}`;
  const isShut = !seen.tree.device.objects.some(
    (object) => object.kind === "htb-class" && object.classid === defaultClass,
  );
  if (rootOwner(tree, seen.tree) !== "ours" || !isShut) return;
  const { argv, input } = removeTree(device);
  await run(argv, input);
}

/** Creates what sets are missing on the way: a member cannot be added to none. */
async function joinSets(state: UplinkState, pod: PodPart): Promise<void> {
  if (state.sets.length === 0) return;
  const batch = addToSets(state.sets, pod.members, withPlace(state, pod.strangers));
  const outcome = await run(batch.argv, batch.input);
  if (outcome.exitCode === 0) return;
  for (const { name } of state.sets) {
    const observed = await observeSet(name);
    if (observed === undefined || observed.isOurs) continue;
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

function assertNothingForeign(state: UplinkState, seen: SeenUplink): void {
  const { device, tree } = state;
  const owner = rootOwner(tree, seen.tree);
  if (owner !== undefined && owner !== "ours") {
    const script = owner.text.startsWith("qdisc htb 1: ")
      ? " (it looks like a script's or the bulk-seed DaemonSet's: stop that first)"
      : "";
    throw new CniError(
      ErrorCode.foreignObject,
      `${device} already has "${owner.text}", which is not ours${script}; to hand over: "tc qdisc del dev ${device} root"`,
    );
  }
  for (const [tool, wanted] of wantedRules(state.rules)) {
    const observed = seen.rules.get(tool);
    const foreign = observed && foreignRule(wanted, observed);
    if (foreign === undefined) continue;
    throw new CniError(
      ErrorCode.foreignObject,
      `${tool} mangle chain ${wanted.chain} has a rule that is not ours, "${foreign}": take it out, or rename that chain`,
    );
  }
}

/** What rules of ours look into although no class has it any more. */
function surplusSets(state: UplinkState, seen: SeenUplink): readonly string[] {
  const wanted = new Set(state.sets.map(({ name }) => name));
  const used = [...seen.rules.values()].flatMap(({ inChain, atHooks }) => setsOf([...inChain, ...atHooks]));
  return [...new Set(used)].filter((name) => !wanted.has(name));
}

function refusedBy(batch: Batch, outcome: Outcome): CniError | undefined {
  return outcome.exitCode === 0 ? undefined : refusal("node", batch, outcome);
}

function unsettled({ device }: UplinkState, left: readonly string[]): CniError {
  return new CniError(
    ErrorCode.tryAgainLater,
    `the uplink ${device} does not come to rest, somebody else changes it: ${left.join("; ")}`,
  );
}

/** Longer each time and by chance, so that two who undo each other's work part. */
function pause(round: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * 8 * round));
}
