/** Pods that are changed one after the other, the agent ended by SIGKILL at each change, and what they have after its last start. */
import { corrected, startInGroup, strike, type Struck } from "../agent/agent-kill.ts";
import { until, type Agent } from "../agent/agent.ts";
import { openFakeCluster, type FakeCluster } from "../agent/fake-cluster.ts";
import { portion } from "../plugin/kill.ts";
import { byApi } from "./by-api.ts";
import { callAll } from "./deeds.ts";
import { inputAfter, type History } from "./history.ts";
import type { Input, Said } from "./input.ts";
import { byFiles, type Means } from "./means.ts";
import { freshly, inBatches, openPlace, settled, succeeded, undoAll, type Place } from "./play.ts";
import type { Seat } from "./site.ts";
import { partOf, stateOf } from "./state.ts";
import { stays, type Scene, type Turn } from "./turn.ts";

export type Survived = {
  readonly strikes: readonly Struck[];
  /** How long the agent's work at a pod takes by now. */
  readonly spanMs: number;
  /** Of pods that their runtime had deleted: what is left of each, and what was there before its first ADD. */
  readonly remains: readonly string[];
  readonly bare: readonly string[];
  /** The whole node with all pods there, and what ADDs by the last input give where nothing was before. */
  readonly lived: string;
  readonly fresh: string;
  /** After DEL of all, and before all. */
  readonly left: string;
  readonly empty: string;
};

/** Which of the evenly spread moments are used, and of what span: that of the batch before. */
export type Moments = { readonly seed: number; readonly from: number; readonly spanMs: number };

export const firstSpanMs = 40;

export const survive = async (scenes: readonly Scene[], moments: Moments): Promise<Survived> => {
  await using place = await openPlace(scenes.map(({ turns }) => turns.length));
  const cluster = await openFakeCluster(place.node, [
    ...new Set(place.seats.map(({ network }) => network.name)),
  ]);
  const state = (): Promise<string> =>
    stateOf(
      place.node,
      place.seats.map(({ pod }) => pod),
    );
  const lives = livesIn(scenes, place.seats);
  const asFiles = lives.map(({ seat, turn, history }) => ({
    seat,
    history: spoken(history, turn),
    means: byFiles(),
  }));
  try {
    const empty = await state();
    const fresh = await freshly(place.node, byFiles(), asFiles, state);
    const means = byApi(cluster);
    const { agent, strikes, spanMs } = await killAtEach({ place, cluster, lives, means, moments });
    await until("all is decided", () => isDone(agent), 60_000);
    const after = await state();
    const gone = lives.filter(({ turn }) => !stays(turn));
    for (const some of inBatches(gone, 4))
      await Promise.all(
        some.map((life) => add(life, means, inputAfter(life.history).input, life.turn.after)),
      );
    const lived = await settled(agent, state, fresh);
    await agent.stop();
    await undoAll(asFiles);
    return {
      strikes,
      spanMs,
      remains: gone.map(({ seat }) => partOf(seat, after)),
      bare: gone.map(({ seat }) => partOf(seat, empty)),
      lived,
      fresh,
      left: await state(),
      empty,
    };
  } finally {
    await cluster.stop();
  }
};

type Life = {
  readonly seat: Seat;
  readonly turn: Turn;
  /** Of its network, which changes with the first turn there. */
  readonly history: History;
  readonly isFirst: boolean;
};

const livesIn = (scenes: readonly Scene[], seats: readonly Seat[]): readonly Life[] =>
  scenes
    .flatMap(({ history, turns }) => turns.map((turn, at) => ({ turn, history, isFirst: at === 0 })))
    .flatMap((life, at) => {
      const seat = seats[at];
      return seat === undefined ? [] : [{ ...life, seat }];
    });

/** The network's history with the pod's own last word. */
const spoken = (history: History, { after }: Turn): History => ({
  ...history,
  steps: [...history.steps, { kind: "ADD", said: after, isStale: false, pauseMs: 0 }],
});

type Killing = {
  readonly place: Place;
  readonly cluster: FakeCluster;
  readonly lives: readonly Life[];
  readonly means: ReturnType<typeof byApi>;
  readonly moments: Moments;
};

/** The agent is the one that was started last. */
const killAtEach = async (
  killing: Killing,
): Promise<{ readonly agent: Agent } & Pick<Survived, "strikes" | "spanMs">> => {
  const { place, cluster, lives, means, moments } = killing;
  const start = (): Promise<Agent> => startInGroup(place.node, cluster.agentArgs);
  for (const { seat, turn, history, isFirst } of lives) {
    await means.say(seat, turn.before);
    if (isFirst) await means.give(seat, undefined, history.start);
  }
  let agent = await start();
  for (const some of inBatches(lives, 4))
    await Promise.all(some.map((life) => add(life, means, life.history.start, life.turn.before)));
  const strikes: Struck[] = [];
  const seats = lives.map((each) => each.seat);
  let { spanMs } = moments;
  for (const [at, life] of lives.entries()) {
    const { seat, turn, history, isFirst } = life;
    await means.say(seat, turn.after);
    if (isFirst) await means.give(seat, history.start, inputAfter(history).input);
    let calls: Promise<void> | undefined;
    const beginCalls = (): Promise<void> => (calls ??= callAll(life, means, seats));
    const isRuntimeFirst = turn.deedsFrom !== "the agent's work";
    if (isRuntimeFirst) void beginCalls();
    const afterMs = portion(moments.seed, moments.from + at) * spanMs;
    const struck = await strike({
      node: place.node,
      agent,
      identity: identityOf(seat),
      afterMs,
      whole: turn.whole,
      onWork: () => void beginCalls(),
    });
    strikes.push(struck);
    // What the runtime has done already is quickly compared: no measure of the agent's work.
    if (!isRuntimeFirst) spanMs = corrected(spanMs, struck);
    agent = await start();
    await beginCalls();
  }
  return { agent, strikes, spanMs };
};

const add = ({ seat }: Life, means: Pick<Means, "call">, ...by: [Input, Said]): Promise<void> =>
  succeeded(() => means.call(seat, "ADD", ...by), "ADD");

const identityOf = ({ network, pod }: Seat) => ({
  network: network.name,
  containerId: pod.containerId,
  ifname: "eth0",
});

/** All pods have been decided since its start. */
const isDone = async (agent: Agent): Promise<boolean> =>
  (await agent.page("/readyz")).code === 200 && (await agent.metric("pod_qos_queue_length")) === 0;
