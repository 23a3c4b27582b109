/** Histories lived through beside an agent, all of a batch at once, and what a fresh ADD by their end gives. */
import { rmSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { Agent } from "../agent/agent.ts";
import { createNode, type LabNode } from "../node/node.ts";
import { inputAfter, type History } from "./history.ts";
import type { Input } from "./input.ts";
import type { Means } from "./means.ts";
import { addNetwork, addSeat, removeUplink, type Seat } from "./site.ts";
import type { PluginResult } from "../plugin/plugin.ts";
import { stateOf } from "./state.ts";

export type Place = { readonly node: LabNode; readonly seats: readonly Seat[] } & AsyncDisposable;

/** A network for each number, with so many pods. */
export const openPlace = async (podsOfEach: readonly number[]): Promise<Place> => {
  const node = await createNode();
  const seats: Seat[] = [];
  for (const [at, pods] of podsOfEach.entries()) {
    const network = await addNetwork(node, `net${at}`);
    for (let pod = 0; pod < pods; pod += 1) seats.push(await addSeat(network, `pod${seats.length}`));
  }
  return { node, seats, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
};

export type Played = {
  /** After an ADD by the final input, where nothing was before. */
  readonly fresh: string;
  /** After the history. */
  readonly lived: string;
  readonly said: string;
};

export const inBatches = <Value>(all: readonly Value[], size: number): readonly (readonly Value[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));

/** The node is left as it was. `known`: how a fresh ADD knows all by itself, where the agent's means are others. */
export const play = async (
  place: Place,
  means: Means,
  batch: readonly History[],
  known = means,
): Promise<Played> => {
  const lives = batch.flatMap((history, at) => {
    const seat = place.seats[at];
    return seat === undefined ? [] : [{ history, seat, means }];
  });
  const pods = place.seats.map(({ pod }) => pod);
  const state = (): Promise<string> => stateOf(place.node, pods);
  const asKnown = lives.map((life) => ({ ...life, means: known }));
  const fresh = await freshly(place.node, known, asKnown, state);
  const agent = await means.start(place.node);
  try {
    await Promise.all(lives.map(live));
    const lived = await settled(agent, state, fresh);
    const said = await agent.stop();
    return { fresh, lived, said };
  } finally {
    await agent.kill();
    await undoAll(lives);
    // What an agent knew of the API counts for ADD after its end: the next fresh ADD would go by the objects of this batch.
    rmSync(place.node.path("/run/pod-qos/live"), { recursive: true, force: true });
  }
};

/** What an ADD by the last input of each history gives; the node is left as it was. */
export const freshly = async (
  node: LabNode,
  means: Means,
  lives: readonly Life[],
  state: () => Promise<string>,
): Promise<string> => {
  try {
    await Promise.all(lives.map(giveTheEnd));
    await means.makeKnown(node);
    await Promise.all(lives.map(addAtTheEnd));
    return await state();
  } finally {
    await undoAll(lives);
  }
};

export type Life = { readonly history: History; readonly seat: Seat; readonly means: Means };

const giveTheEnd = async ({ history, seat, means }: Life): Promise<void> => {
  const { input, said } = inputAfter(history);
  await means.say(seat, said);
  await means.give(seat, undefined, input);
};

const addAtTheEnd = ({ history, seat, means }: Life): Promise<void> => {
  const { input, said } = inputAfter(history);
  return succeeded(() => means.call(seat, "ADD", input, said), "a fresh ADD");
};

const live = async ({ history, seat, means }: Life): Promise<void> => {
  await means.say(seat, history.said);
  await means.give(seat, undefined, history.start);
  await succeeded(() => means.call(seat, "ADD", history.start, history.said), "the first ADD");
  let loaded = history.start;
  for (const [at, step] of history.steps.entries()) {
    const { input: before } = inputAfter(history, at);
    const { input } = inputAfter(history, at + 1);
    if (step.kind === "change") await means.give(seat, before, input);
    else {
      await means.say(seat, step.said);
      await succeeded(
        () => means.call(seat, "ADD", step.isStale ? loaded : input, step.said),
        "a repeated ADD",
      );
    }
    if (input.broken === undefined) loaded = before.broken === undefined ? before : input;
    await pause(step.pauseMs);
  }
};

/** The uplinks too. */
export const undoAll = async (lives: readonly Life[]): Promise<void> => {
  await Promise.all(lives.map(undo));
  // One after the other: each takes away what it finds empty, of the others too.
  for (const network of new Set(lives.map(({ seat }) => seat.network))) await removeUplink(network);
};

const undo = async ({ seat, means }: Life): Promise<void> => {
  await means.takeAway(seat);
  const said = { isGold: false, isSilver: false, cap: undefined };
  await succeeded(() => means.call(seat, "DEL", nothing, said), "DEL");
};

/** DEL needs no more of a conf than its name. */
const nothing: Input = {
  zeta: undefined,
  alpha: undefined,
  marks: undefined,
  egress: undefined,
  ingress: undefined,
  discipline: "shape",
  classes: ["gold", "silver"],
  fallback: undefined,
  rate: "30M",
  broken: undefined,
};

/** Idle for so long: what a file tells is heard within. */
const idleMs = 1_000;
const longestMs = 60_000;

/** The state once the agent has nothing to do any more. Where it is not what it shall be, it is given time. */
export const settled = async (
  agent: Agent,
  state: () => Promise<string>,
  wanted: string,
): Promise<string> => {
  const began = performance.now();
  let idleSince = began;
  let seen = "";
  while (performance.now() - began < longestMs) {
    if ((await agent.metric("pod_qos_queue_length")) > 0) idleSince = performance.now();
    const idle = performance.now() - idleSince;
    if (idle > idleMs) {
      seen = await state();
      if (seen === wanted || idle > 3 * idleMs) return seen;
    }
    await pause(50);
  }
  return seen === "" ? `the agent was not idle for ${idleMs} ms within ${longestMs} ms` : seen;
};

/** As a runtime does, it is tried again where somebody else is at work at the pod. */
export const succeeded = async (call: () => Promise<PluginResult>, what: string): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    const { exitCode, stdout, error } = await call();
    if (exitCode === 0) return;
    if (error?.code !== 11 || tries === 5) throw new Error(`${what}: ${stdout}`);
  }
};
