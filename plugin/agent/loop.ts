/** The loop: what is watched, what each change asks of the queue, what the queue's tasks do. */
import { lifeOf } from "../attachment/live.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { makeDirectory, namesIn } from "../state/file.ts";
import { writeTurn } from "../state/live/agent.ts";
import { stampFiles } from "../state/policy-files.ts";
import { networksThatDiffer, readConfs } from "./confs.ts";
import { listen } from "./listen.ts";
import { createMetrics } from "./metrics.ts";
import { startMonitors, type KernelEvent } from "./monitors.ts";
import type { Options } from "./options.ts";
import { onDevice, readAll, thatDiffer } from "./records.ts";
import { startRound } from "./round.ts";
import { createStates } from "./states.ts";
import { watchDirectory } from "./watch.ts";
import { decideAnew, lookAt, settle, sweep, type Came } from "./work.ts";
import { startWorker } from "./worker.ts";
import {
  confOf,
  emptyWorld,
  nameOfTask,
  networksIn,
  networksOnUplink,
  policyDirs,
  taskNamed,
  tasksOfNetwork,
  tasksOfPolicyDir,
  type Task,
  type World,
} from "./world.ts";

const turnMs = 5_000;
/** The first look at what runs is spread over so much, so that nodes that start together do not ask together. */
const startMs = 5_000;
/** What somebody changes in the kernel is often changed in several steps. */
const kernelSettlesMs = 500;

export async function runLoop(options: Options, log: Log, signal: AbortSignal): Promise<void> {
  const { stateDir, confDir } = options;
  const metrics = createMetrics();
  const states = createStates(metrics);
  const tools = { stateDir, log, metrics };
  let world: World = emptyWorld;
  let turnedMs = performance.now();

  const perform = async (task: Task, why: readonly string[]): Promise<Came> => {
    switch (task.kind) {
      case "decide": {
        const record = world.records.get(task.attachment)?.record;
        if (record === undefined) return over;
        const came = await decideAnew(tools, record, world.confs.entries.get(record.identity.network), why);
        states.note(task.attachment, came.kind);
        // What we wrote ourselves is no news.
        readRecords();
        return came;
      }
      case "look": {
        const record = world.records.get(task.attachment)?.record;
        return record === undefined ? over : lookAt(tools, record);
      }
      case "uplink": {
        const conf = confOf(world, task.network);
        return conf === undefined ? over : settle(tools, task.network, conf, why);
      }
      case "sweep":
        return sweep(tools);
    }
  };
  const worker = startWorker((name, why) => perform(taskNamed(name), why));
  const ask = (tasks: readonly Task[], why: string, delayMs = 0): void =>
    tasks.forEach((task) => worker.ask(nameOfTask(task), why, delayMs));

  /** The attachments that came or changed since. */
  const readRecords = (): readonly string[] => {
    const before = world.records;
    world = { ...world, records: readAll(stateDir, before) };
    states.keepOnly(world.records);
    return thatDiffer(before, world.records);
  };
  const decide = (attachments: readonly string[], why: string, delayMs?: (at: number) => number): void =>
    attachments.forEach((attachment, at) => ask([{ kind: "decide", attachment }], why, delayMs?.(at)));

  const confsChanged = (): void => {
    const confs = readConfs(confDir, stateDir);
    const differing = networksThatDiffer(world.confs, confs);
    for (const fault of confs.faults.filter((each) => !world.confs.faults.includes(each))) log("warn", fault);
    metrics.confFaults.set(confs.faults.length);
    world = { ...world, confs };
    for (const network of differing) ask(tasksOfNetwork(world, network), `the conf of network ${network}`);
    watchPolicies();
  };

  const policies = new Map<string, string>();
  const watchPolicies = (): void => {
    for (const directory of policyDirs(world)) {
      if (policies.has(directory)) continue;
      policies.set(directory, stampOf(directory));
      watchDirectory(directory, () => policiesChanged(directory), signal);
    }
  };
  const policiesChanged = (directory: string): void => {
    const stamp = stampOf(directory);
    if (stamp === policies.get(directory)) return;
    policies.set(directory, stamp);
    ask(tasksOfPolicyDir(world, directory), `files in ${directory}`);
  };

  const networks = new Set<string>();
  const recordsChanged = (): void => {
    for (const network of namesIn(`${stateDir}/attachments`).filter((name) => !networks.has(name))) {
      networks.add(network);
      watchDirectory(`${stateDir}/attachments/${network}`, recordsChanged, signal);
    }
    const differing = readRecords();
    decide(differing, "its record");
    // While we are at work ADD leaves it to us to change an uplink, also to a conf that the directory does not have.
    const unlisted = networksIn(world, differing).filter((network) => !world.confs.entries.has(network));
    ask(
      unlisted.map((network) => ({ kind: "uplink", network })),
      "its record",
    );
    watchPolicies();
  };

  /** A device that was added this moment is being programmed: that tells nothing. */
  const kernelChanged = ({ device, what }: KernelEvent): void => {
    const touched = onDevice(world.records, device);
    const settled = touched.filter((key) => Date.now() - (world.records.get(key)?.changedMs ?? 0) > 2_000);
    if (what === "link gone")
      return touched.forEach((attachment) =>
        ask([{ kind: "decide", attachment }], `link ${device} is gone`, kernelSettlesMs),
      );
    const why = `traffic control on ${device} was changed`;
    ask(
      settled.map((attachment) => ({ kind: "look", attachment })),
      why,
      kernelSettlesMs,
    );
    ask(
      networksOnUplink(world, device).map((network) => ({ kind: "uplink", network })),
      why,
      kernelSettlesMs,
    );
  };

  /** Namespaces end without a word: each costs a look at a file. */
  const findEnded = (): void => {
    for (const [attachment, { record }] of world.records) {
      if (record === undefined || states.isEnding(attachment) || lifeOf(stateDir, record) !== "ended")
        continue;
      states.note(attachment, "ending");
      ask([{ kind: "decide", attachment }], "its network namespace has ended", turnMs);
    }
  };
  const turn = (): void => {
    turnedMs = performance.now();
    try {
      writeTurn(stateDir, { followsPods: false });
      findEnded();
      metrics.queue.set(worker.length());
    } catch (error) {
      log("error", messageOf(error));
    }
  };

  makeDirectory(`${stateDir}/attachments`);
  readRecords();
  confsChanged();
  const first = [...world.records.keys()];
  decide(first, "the agent has started", () => Math.random() * startMs);
  states.expect(first);
  watchDirectory(confDir, confsChanged, signal);
  watchDirectory(`${stateDir}/attachments`, recordsChanged, signal);
  startMonitors({
    heard: kernelChanged,
    restarted: (monitor) => metrics.monitorRestarts.inc({ monitor }),
    log,
    signal,
  });
  startRound(() => world, ask, options.roundMs, signal);
  if (options.listen !== undefined) {
    const pages = {
      health: () =>
        performance.now() - turnedMs < 60_000 ? undefined : "the loop has not turned for a minute",
      readiness: states.unready,
      metrics: async () => ({ type: metrics.registry.contentType, text: await metrics.registry.metrics() }),
    };
    listen(options.listen, pages, log, signal);
  }
  turn();
  log(
    "info",
    `at work: ${world.records.size} attachments, ${world.confs.entries.size} networks in ${confDir}`,
  );
  const turning = setInterval(turn, turnMs);
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  clearInterval(turning);
  await worker.stop();
}

const over: Came = { outcome: "over", why: "" };

function stampOf(directory: string): string {
  try {
    return stampFiles(directory).key;
  } catch (error) {
    // Missing is a state like others: what can be read there next is news.
    return messageOf(error);
  }
}
