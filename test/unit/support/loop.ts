/** What the parts of the agent's loop share, as the loop makes it but for its sources. */
import type { Loop } from "../../../plugin/agent/context.ts";
import { createReporter } from "../../../plugin/agent/events/reporter.ts";
import { createMetrics } from "../../../plugin/agent/metrics.ts";
import type { News } from "../../../plugin/agent/news.ts";
import type { Served } from "../../../plugin/agent/options.ts";
import { readAll, thatDiffer } from "../../../plugin/agent/node/records.ts";
import { createDestinations } from "../../../plugin/agent/destinations.ts";
import { createStates } from "../../../plugin/agent/states.ts";
import { createStandings } from "../../../plugin/agent/status/standings.ts";
import { emptyWorld, type World } from "../../../plugin/agent/world.ts";

export type LoopAt = {
  readonly loop: Loop;
  readonly told: readonly News[];
  readonly logged: readonly string[];
};

export function loopAt(stateDir: string, more: Partial<Served> = {}): LoopAt {
  let world: World = emptyWorld;
  const told: News[] = [];
  const logged: string[] = [];
  const metrics = createMetrics();
  const options: Served = {
    node: "node-1",
    kubeconfig: undefined,
    stateDir,
    confDir: "/nowhere",
    install: false,
    listen: undefined,
    metricsListen: undefined,
    metricsPods: 250,
    objects: "off",
    api: true,
    adopt: false,
    roundMs: 600_000,
    ...more,
  };
  const log: Loop["log"] = (level, text) => void logged.push(`${level} ${text}`);
  const { signal } = new AbortController();
  const loop: Loop = {
    options,
    log,
    signal,
    metrics,
    states: createStates(metrics),
    destinations: createDestinations(
      () => world.view?.snapshot.namespaces ?? {},
      (news) => told.push(news),
    ),
    standings: createStandings(),
    events: createReporter(() => world, { node: "node-1", log, metrics, signal }),
    world: () => world,
    setWorld: (next) => (world = next),
    tell: (news) => void told.push(news),
    adopt: () => Promise.reject(new Error("not asked for here")),
    readRecords: () => {
      const before = world.records;
      world = { ...world, records: readAll(stateDir, before) };
      return thatDiffer(before, world.records);
    },
  };
  loop.states.setInStep();
  return { loop, told, logged };
}
