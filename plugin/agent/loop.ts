/** The loop: sources to news, news to the queue (news.ts), the queue's tasks to what does them (work.ts). */
import { lifeOf, seemsLive } from "../attachment/live.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { makeDirectory } from "../state/file.ts";
import { removeTurn, writeTurn } from "../state/live/agent.ts";
import { writeSnapshot } from "../state/live/snapshot.ts";
import { noApi, startApi, type ApiSide } from "./api-side.ts";
import { networksThatDiffer, readConfs } from "./confs.ts";
import { listen } from "./listen.ts";
import { createMetrics } from "./metrics.ts";
import { startMonitors } from "./monitors.ts";
import { asksOf } from "./news.ts";
import type { Loop } from "./context.ts";
import type { Known } from "./known.ts";
import type { Options } from "./options.ts";
import { withNodeNetworks } from "./node-networks.ts";
import { perform } from "./perform.ts";
import { readAll, thatDiffer } from "./records.ts";
import { startRound } from "./round.ts";
import { createStates } from "./states.ts";
import { policyWatch, watchDirectory, watchRecords } from "./watch.ts";
import { startWorker, type Worker } from "./worker.ts";
import { emptyWorld, nameOfTask, policyDirs, taskNamed, type World } from "./world.ts";

const turnMs = 5_000;
/** So many turns are a minute. */
const closerEach = 12;
/** The first look at what runs is spread over so much, so that nodes that start together do not ask together. */
const spreadMs = 5_000;

export async function runLoop(options: Options, log: Log, signal: AbortSignal): Promise<void> {
  const { stateDir, confDir } = options;
  const metrics = createMetrics();
  const states = createStates(metrics);
  let world: World = emptyWorld;
  const watchPolicies = policyWatch(
    signal,
    (directory) => loop.tell({ kind: "policies", directory }),
    (error) => unreadable(error),
  );
  const loop: Loop = {
    options,
    log,
    signal,
    metrics,
    states,
    world: () => world,
    setWorld: (next) => (world = withNodeNetworks(next)),
    tell: (news) => {
      // Until all is known that decisions need there is no news: the start asks for everything.
      if (states.isInStep() || news.kind === "ended") asksOf(world, news, Math.random).forEach(ask);
    },
    readRecords: () => {
      const before = world.records;
      world = { ...world, records: readAll(stateDir, before) };
      states.keepOnly(world.records);
      return thatDiffer(before, world.records);
    },
  };
  const unreadable = (error: unknown): void =>
    log("error", `what changed is not known, and looked at again: ${messageOf(error)}`);
  const worker = startWorker(
    (name, why) => perform(loop, taskNamed(name), why),
    (name, error) => {
      metrics.unforeseen.inc();
      log(
        "error",
        `${name}: unforeseen, and tried again: ${error instanceof Error ? error.stack : String(error)}`,
      );
    },
  );
  const ask = ({ task, why, delayMs }: ReturnType<typeof asksOf>[number]): void =>
    worker.ask(nameOfTask(task), why, delayMs);
  const start = (): void => {
    states.expect([...world.records.keys()]);
    loop.tell({ kind: "start", spreadMs });
    log(
      "info",
      `at work: ${world.records.size} attachments, ${world.confs.entries.size} networks in ${confDir}`,
    );
  };

  makeDirectory(`${stateDir}/attachments`);
  loop.readRecords();
  const api = options.api ? startApi(loop, start) : noApi;
  watchDirectory(
    confDir,
    () => {
      confsChanged(loop);
      api.followAsked();
      watchPolicies(policyDirs(world));
    },
    signal,
    unreadable,
  );
  const recordsChanged = (): void => {
    const attachments = loop.readRecords();
    api.followAsked();
    loop.tell({ kind: "records", attachments });
    watchPolicies(policyDirs(world));
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

function confsChanged(loop: Loop): void {
  const { options, log, metrics, world, setWorld, tell } = loop;
  const before = world().confs;
  const confs = readConfs(options.confDir, options.stateDir);
  for (const fault of confs.faults.filter((each) => !before.faults.includes(each))) log("warn", fault);
  metrics.confFaults.set(confs.faults.length);
  const { known } = world();
  setWorld({ ...world(), confs });
  tellAdd(loop, known);
  tell({ kind: "confs", networks: networksThatDiffer(before, confs) });
}

/** A network that a conflist makes by now, or does not make any more, is so for new pods as well. */
function tellAdd({ options, log, world }: Loop, before: Known | undefined): void {
  const { known } = world();
  if (known === undefined || known === before) return;
  try {
    writeSnapshot(options.stateDir, known.snapshot);
  } catch (error) {
    log("error", `new pods do not hear of what the conf directory says: ${messageOf(error)}`);
  }
}

/** The heartbeat, and what is found by looking now and then. */
async function turnUntilEnd(loop: Loop, api: ApiSide, worker: Worker): Promise<void> {
  const { options, log, signal, metrics, states } = loop;
  let turnedMs = performance.now();
  let turns = 0;
  const turn = (): void => {
    turnedMs = performance.now();
    turns += 1;
    try {
      // Who waits for the word of an agent that knows nothing yet would wait in vain.
      if (!options.api || states.isInStep())
        writeTurn(options.stateDir, { followsPods: options.api, isCutOff: api.isCutOff() });
      else removeTurn(options.stateDir);
      loop.tell({ kind: "ended", attachments: endedSince(loop, turns % closerEach === 0), afterMs: turnMs });
      metrics.queue.set(worker.length());
    } catch (error) {
      log("error", messageOf(error));
    }
  };
  if (options.listen !== undefined) {
    const { registry } = metrics;
    const pages = {
      health: () =>
        performance.now() - turnedMs < 60_000 ? undefined : "the loop has not turned for a minute",
      readiness: states.unready,
      metrics: async () => ({ type: registry.contentType, text: await registry.metrics() }),
    };
    listen(options.listen, pages, log, signal);
  }
  turn();
  states.whenStepChanges(turn);
  const turning = setInterval(turn, turnMs);
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  clearInterval(turning);
}

/** Namespaces end without a word: each costs a stat at each turn, and once a minute a closer look. */
function endedSince({ world, states, options: { stateDir } }: Loop, isCloser: boolean): readonly string[] {
  return [...world().records].flatMap(([attachment, { record }]) => {
    if (record === undefined || states.isEnding(attachment)) return [];
    if (!isCloser && seemsLive(record)) return [];
    if (lifeOf(stateDir, record) !== "ended") return [];
    states.note(attachment, "ending");
    return [attachment];
  });
}
