/** The loop of the controller: what is followed, when the sum is made anew, what is written. Nothing ends it but the signal. */
import { orAgain } from "../kube/again.ts";
import { connect } from "../kube/connect.ts";
import { usual } from "../kube/timing.ts";
import type { Log } from "../log.ts";
import { listen } from "../pages/listen.ts";
import type { Options } from "./options.ts";
import { createPruner } from "./prune.ts";
import { followSources, type Sources } from "./sources.ts";
import { verdictsOf } from "./sum.ts";
import { wantedOf } from "./wording.ts";
import { createWriter } from "./writer.ts";

/** An agent is heard each 70 s at least, and the server sends a bookmark each minute: a watch on which nothing comes is dead before a node counts as silent. */
const silenceMs = 100_000;

const tickMs = 5_000;
/** What comes within this time is one sum. */
const togetherMs = 50;
const mostZones = 100;

export async function runLoop(options: Options, log: Log, signal: AbortSignal): Promise<void> {
  let turnedMs = performance.now();
  let sources: Sources | undefined;
  if (options.listen !== undefined) {
    const pages = {
      health: () =>
        performance.now() - turnedMs < 60_000 ? undefined : "the loop has not turned for a minute",
      readiness: () => (sources === undefined ? "not connected to the API server" : sources.missing()),
    };
    listen(options.listen, pages, log, signal);
  }
  const tick = setInterval(() => (turnedMs = performance.now()), tickMs);
  signal.addEventListener("abort", () => clearInterval(tick));
  const place = { kubeconfig: options.kubeconfig, root: process.env["SERVICE_ACCOUNT_ROOT"] };
  const timing = { ...usual, silence: silenceMs };
  const connection = await orAgain({ signal, log }, "the API server", () => connect({ ...place, timing }));
  if (connection === undefined) return;
  signal.addEventListener("abort", connection.close, { once: true });

  let timer: NodeJS.Timeout | undefined;
  let dueMs = Number.POSITIVE_INFINITY;
  const turnWithin = (milliseconds: number): void => {
    const due = performance.now() + milliseconds;
    if (signal.aborted || due >= dueMs) return;
    clearTimeout(timer);
    dueMs = due;
    timer = setTimeout(turn, milliseconds);
  };
  let tookMs = 0;
  // A large cluster's sum is made less often: the rest of the time is for what the API sends.
  const changed = (): void => turnWithin(Math.max(togetherMs, tookMs));
  const writer = createWriter({ connection, log, signal, onDone: changed });
  const pruner = createPruner({ connection, log, signal });
  const crowd = createCrowdLog(log);
  sources = followSources({ connection, options, log, signal, onChange: changed });
  const followed = sources;
  const turn = (): void => {
    dueMs = Number.POSITIVE_INFINITY;
    turnedMs = performance.now();
    const nowMs = performance.now();
    const view = followed.view(nowMs);
    if (view !== undefined) {
      const hasZones = options.hasZones && crowd.allows(view.nodes.size);
      const verdicts = verdictsOf(view, hasZones);
      const all = Array.from(verdicts, ([object, verdict]) => ({
        object,
        wanted: wantedOf(object, verdict),
      }));
      turnWithin(writer.write(all, { nowMs, nodes: view.nodes.size }));
      turnWithin(pruner.prune(view, nowMs));
      turnWithin(followed.untilNextMs(nowMs));
    }
    tookMs = performance.now() - turnedMs;
    turnWithin(Math.max(tickMs, tookMs * 4));
  };
  turn();
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  clearTimeout(timer);
}

function createCrowdLog(log: Log) {
  let isTold = false;
  return {
    allows: (nodes: number): boolean => {
      const isAllowed = nodes <= mostZones;
      if (!isAllowed && !isTold)
        log(
          "warn",
          `--per-node-conditions is off: the cluster has ${nodes} nodes, the limit is ${mostZones}`,
        );
      isTold = !isAllowed;
      return isAllowed;
    },
  };
}
