/** Each turn: the heartbeat for ADD, and the pods whose network namespace has ended. */
import { lifeOf, seemsLive } from "../attachment/live.ts";
import { messageOf } from "../errors.ts";
import { listen } from "../pages/listen.ts";
import { removeTurn, writeTurn } from "../state/live/agent.ts";
import type { ApiSide } from "./api-side.ts";
import type { Loop } from "./context.ts";
import { createTraffic } from "./traffic-metrics.ts";
import type { Worker } from "./worker.ts";

const turnMs = 5_000;
/** So many turns are a minute. */
const closerEach = 12;

export async function turnUntilEnd(loop: Loop, api: ApiSide, worker: Pick<Worker, "length">): Promise<void> {
  const { options, log, signal, states } = loop;
  let turnedMs = performance.now();
  let turns = 0;
  const turn = (): void => {
    turnedMs = performance.now();
    turns += 1;
    try {
      // An ADD that waits for an agent that knows nothing yet would wait in vain.
      if (!options.api || states.isInStep())
        writeTurn(options.stateDir, { followsPods: options.api, isCutOff: api.isCutOff() });
      else removeTurn(options.stateDir);
      loop.tell({ kind: "ended", attachments: endedSince(loop, turns % closerEach === 0), afterMs: turnMs });
      loop.events.look();
    } catch (error) {
      log("error", messageOf(error));
    }
  };
  servePages(loop, worker, () => turnedMs);
  turn();
  states.whenStepChanges(turn);
  const turning = setInterval(turn, turnMs);
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  clearInterval(turning);
}

function servePages(loop: Loop, worker: Pick<Worker, "length">, turnedMs: () => number): void {
  const { options, log, signal, metrics, states, world } = loop;
  const { registry } = metrics;
  const { stateDir, metricsPods: mostPods } = options;
  const refresh = createTraffic({ registry, world, stateDir, mostPods, log });
  const figures = async (): Promise<{ readonly type: string; readonly text: string }> => {
    metrics.queue.set(worker.length());
    await refresh();
    return { type: registry.contentType, text: await registry.metrics() };
  };
  const pages = {
    health: () =>
      performance.now() - turnedMs() < 60_000 ? undefined : "the loop has not turned for a minute",
    readiness: states.unready,
    metrics: figures,
  };
  if (options.listen !== undefined) listen(options.listen, pages, log, signal);
  // Others on the network may read figures. Probes are the node's own.
  if (options.metricsListen !== undefined)
    listen(options.metricsListen, { metrics: figures }, log, signal, "--metrics-listen");
}

/** No event says that a namespace ended: each costs a stat at each turn, and once a minute a closer look. */
function endedSince({ world, states, options: { stateDir } }: Loop, isCloser: boolean): readonly string[] {
  return [...world().records].flatMap(([attachment, { record }]) => {
    if (record === undefined || states.isEnding(attachment)) return [];
    if (!isCloser && seemsLive(record)) return [];
    if (lifeOf(stateDir, record) !== "ended") return [];
    states.note(attachment, "ending");
    return [attachment];
  });
}
