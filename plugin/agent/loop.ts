/** The loop: sources to news, news to the queue (news.ts), the queue's tasks to what does them (work.ts). */
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { makeDirectory } from "../state/file.ts";
import { watchConfs } from "../state/watch-directory.ts";
import { createAdopter } from "./adopter.ts";
import { startApi, withoutApi } from "./api-side.ts";
import { confsChanged } from "./conf-changes.ts";
import { classesLeft } from "./left-classes.ts";
import { createDestinations } from "./destinations.ts";
import { turnUntilEnd } from "./heartbeat.ts";
import { createReporter } from "./events/reporter.ts";
import { freeMemoryAfterStart } from "./free-memory.ts";
import { createMetrics } from "./metrics.ts";
import { startMonitors } from "./node/monitors.ts";
import { asksOf } from "./news.ts";
import type { Loop } from "./context.ts";
import type { Served } from "./options.ts";
import { withNodeNetworks } from "./node-networks.ts";
import { perform } from "./perform.ts";
import { followPolicyDirs } from "./policy-dirs.ts";
import { followCaches } from "./caches.ts";
import { readAll, thatDiffer } from "./node/records.ts";
import { startRound } from "./round.ts";
import { createStates } from "./states.ts";
import { createStandings } from "./status/standings.ts";
import { noteTroubles } from "./status/troubles.ts";
import { watchRecords } from "./node/watch.ts";
import { withDeleted } from "./unrecorded.ts";
import { startWorker } from "./worker.ts";
import { emptyWorld, nameOfTask, policyDirs, taskNamed, type World } from "./world.ts";

/** The first look at what runs is spread over so much, so that nodes that start together do not ask together. */
const spreadMs = 5_000;

export async function runLoop(options: Served, log: Log, signal: AbortSignal): Promise<void> {
  const { stateDir, confDir } = options;
  const metrics = createMetrics();
  const states = createStates(metrics);
  const standings = createStandings();
  const node = options.node ?? "";
  const events = createReporter(() => world, { node, log, metrics, signal });
  let world: World = emptyWorld;
  const destinations = createDestinations(
    () => world.view?.snapshot.namespaces ?? {},
    (news) => loop.tell(news),
  );
  const loop: Loop = {
    options,
    log,
    signal,
    metrics,
    states,
    destinations,
    standings,
    events,
    world: () => world,
    setWorld: (next) => (world = withNodeNetworks(next)),
    tell: (news) => {
      // Until all is known that decisions need there is no news that asks for one: the start asks for everything.
      if (states.isInStep() || news.kind === "ended" || news.kind === "suspects")
        asksOf(world, news, Math.random).forEach(ask);
    },
    adopt: (path) => adopt(path),
    readRecords: () => {
      const before = world.records;
      const records = readAll(stateDir, before);
      const deleted = options.adopt ? withDeleted(world, records, performance.now()) : world.deleted;
      world = { ...world, records, deleted };
      states.keepOnly(world.records);
      destinations.keepOnly(world.records);
      standings.keepOnly(world.records);
      classesLeft(stateDir, before, world.records).forEach(loop.tell);
      return thatDiffer(before, world.records);
    },
  };
  const adopt = createAdopter(loop);
  const unreadable = (error: unknown): void =>
    log("error", `a change could not be read, tried again: ${messageOf(error)}`);
  const worker = startWorker(
    (name, why) => perform(loop, taskNamed(name), why),
    (name, error) => {
      metrics.unforeseen.inc();
      log(
        "error",
        `${name}: unexpected error, tried again: ${error instanceof Error ? error.stack : String(error)}`,
      );
    },
  );
  const ask = ({ task, why, delayMs }: ReturnType<typeof asksOf>[number]): void => {
    if (task.kind === "decide") standings.ask(task.attachment);
    worker.ask(nameOfTask(task), why, delayMs);
  };
  const start = (): void => {
    states.expect([...world.records.keys()]);
    loop.tell({ kind: "start", spreadMs });
    freeMemoryAfterStart(signal);
    log(
      "info",
      `at work: ${world.records.size} attachments, ${world.confs.entries.size} networks in ${confDir}`,
    );
  };

  makeDirectory(`${stateDir}/attachments`);
  loop.readRecords();
  noteTroubles({ stateDir, log, signal, records: () => world.records, standings });
  const api = options.api ? startApi(loop, start) : withoutApi(loop);
  const followPolicies = followPolicyDirs(loop, api.followAsked, unreadable);
  const readCaches = followCaches(loop, unreadable);
  watchConfs(
    confDir,
    () => {
      confsChanged(loop);
      readCaches();
      api.followAsked();
      followPolicies(policyDirs(world));
    },
    signal,
    unreadable,
  );
  const recordsChanged = (): void => {
    const attachments = loop.readRecords();
    api.followAsked();
    loop.tell({ kind: "records", attachments });
    followPolicies(policyDirs(world));
  };
  watchRecords(`${stateDir}/attachments`, signal, recordsChanged, unreadable);
  startMonitors({
    heard: (event) => loop.tell({ kind: "kernel", event, nowMs: Date.now() }),
    restarted: (monitor) => metrics.monitorRestarts.inc({ monitor }),
    log,
    signal,
  });
  if (!options.api) {
    states.setInStep();
    start();
  }
  startRound(
    loop.world,
    (tasks, why) => tasks.forEach((task) => ask({ task, why, delayMs: 0 })),
    options.roundMs,
    signal,
  );
  await turnUntilEnd(loop, api, worker);
  await worker.stop();
}
