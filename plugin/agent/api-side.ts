/** The API side of the loop: each update goes into the world and into files for ADD, and what changed by it goes to the queue. */
import { messageOf } from "../errors.ts";
import type { Timing } from "../kube/timing.ts";
import { isOfAnotherBuild } from "../state/live/snapshot.ts";
import { createGate, type Gate } from "./api-gate.ts";
import { differs } from "./view/changes.ts";
import { faultsOf } from "./view/view.ts";
import type { Loop } from "./context.ts";
import type { ResourceUpdate } from "./api/resource-update.ts";
import { createWatchLog } from "./watch-log.ts";

export type Times = {
  /** With nothing known of a resource for so long it is decided by what a former run knew. */
  readonly patienceMs: number;
  /** A server of another cluster is asked again after so long. */
  readonly otherAgainMs: number;
  readonly timing?: Timing;
};

const usual: Times = { patienceMs: 10_000, otherAgainMs: 60_000 };

/** A file that could not be written is tried again. */
const writeAgainMs = 5_000;

export type ApiSide = Pick<Gate, "isCutOff"> & {
  /** A conf or a file may ask for a resource that is not followed yet, or was the last to be read. */
  readonly followAsked: () => void;
};

/** Where no API is followed. */
export function withoutApi({ log, options: { stateDir } }: Loop): ApiSide {
  if (isOfAnotherBuild(stateDir))
    log(
      "warn",
      `${unreadIn(stateDir)}: pods that the other build decided keep what they have until you remove the file`,
    );
  return { followAsked: () => undefined, isCutOff: () => false };
}

/** `start`: once what decisions need is there, and again after each time that it was not. */
export function startApi(loop: Loop, start: () => void, times = usual): ApiSide {
  const gate = createGate(loop, start);
  void followAll(loop, gate, times).catch((error: unknown) =>
    loop.log("error", `the API is not followed: ${messageOf(error)}`),
  );
  const followAsked = (): void => {
    gate.followAsked();
    const { view } = loop.world();
    if (view !== undefined && !gate.isStarted()) gate.beginIfComplete(view);
  };
  return { followAsked, isCutOff: gate.isCutOff };
}

async function followAll(loop: Loop, gate: Gate, { patienceMs, ...times }: Times): Promise<void> {
  const { options, log, signal, metrics, events, world, tell, destinations } = loop;
  const { followApi } = await import("./api/api.ts");
  const { startReporter } = await import("./status/reporting.ts");
  const { readFormerView, takeUpdate, writeAgain } = await import("./view/files.ts");
  const { stateDir } = options;
  const former = readFormerView(stateDir, process.env["POD_NAMESPACE"]);
  const knewMore = isOfAnotherBuild(stateDir);
  if (knewMore) log("warn", `${unreadIn(stateDir)}: the API is read anew`);
  const onUpdate = (update: ResourceUpdate): void => {
    const { view, changes } = takeUpdate(stateDir, world().view ?? former, update, log);
    gate.setView(view);
    for (const [resource, { state }] of Object.entries(view.snapshot.resources))
      metrics.synced.set({ resource }, state === "synced" ? 1 : 0);
    metrics.objectFaults.set(faultsOf(view).length);
    for (const kind of ["EgressQoS", "NetworkQoS"] as const)
      metrics.objects.set({ kind }, view.snapshot.objects.filter((each) => each.kind === kind).length);
    gate.followAsked();
    if (update.resource === "namespaces") destinations.namespacesChanged();
    if (differs(changes)) reporter.change();
    if (gate.isStarted()) tell({ kind: "api", changes });
    else gate.beginIfComplete(view);
  };
  const logNotice = createWatchLog(loop);
  const reporter = startReporter(loop);
  gate.setView(former);
  const writing = setInterval(() => gate.setView(writeAgain(stateDir, world().view ?? former)), writeAgainMs);
  signal.addEventListener("abort", () => clearInterval(writing));
  const waiting = setTimeout(() => gate.goByFormer(former, patienceMs), patienceMs);
  signal.addEventListener("abort", () => clearTimeout(waiting));
  await followApi({
    ...times,
    options,
    root: process.env["SERVICE_ACCOUNT_ROOT"],
    snapshot: () => (world().view ?? former).snapshot,
    knewMore,
    runsPods: (namespace) =>
      [...(world().view ?? former).pods.values()].some((pod) => pod.namespace === namespace),
    log,
    signal,
    onCluster: (cluster, { follow, followPods, write, writeEvent }) => {
      metrics.otherCluster.set(0);
      reporter.use(write);
      events.setWriter(writeEvent);
      gate.join(cluster, former, follow);
      destinations.connect(followPods);
    },
    onOther: (why) => {
      metrics.otherCluster.set(1);
      destinations.disconnect();
      reporter.use(undefined);
      events.setWriter(undefined);
      gate.block(why, former);
    },
    onUpdate,
    onNotice: (resource, notice, selection) => {
      gate.noteWatch(resource, notice);
      logNotice(resource, notice, selection);
    },
  });
}

function unreadIn(stateDir: string): string {
  return `${stateDir}/live/snapshot was written by another build and cannot be read`;
}
