/**
 * The API side of the loop: what the API says goes into the world and into files for ADD, and becomes news for the queue.
 *
 *     waiting ──all that decisions need is listed──► in step ──the server is another cluster's──┐
 *        │  ▲                                                                                   ▼
 *        │  └────────────── the server is ours again ──────────────────────────────────────── blocked
 *        └──10 s without an answer, by what a former run knew──► in step
 */
import { messageOf } from "../errors.ts";
import type { Notice } from "../kube/follow.ts";
import type { Timing } from "../kube/timing.ts";
import type { ResourceName } from "../knowledge/snapshot.ts";
import type { Loop } from "./context.ts";
import { askedFor, awaited, byFormer, isRestored, unheard } from "./gate.ts";
import { faultsOf, type Known } from "./known.ts";
import type { OnDemand, Told } from "./told.ts";
import { confsInUse } from "./world.ts";

export type Times = {
  /** With nothing known of a resource for so long it is decided by what a former run knew. */
  readonly patienceMs: number;
  /** A server of another cluster is asked again after so long. */
  readonly otherAgainMs: number;
  readonly timing?: Timing;
};

const usual: Times = { patienceMs: 10_000, otherAgainMs: 60_000 };

/** A watch that breaks is mostly whole again before an ADD would have waited in vain. */
const cutOffMs = 3_000;

/** A file that could not be written is tried again. */
const keepAgainMs = 5_000;

export type ApiSide = {
  /** A conf may ask for a resource that is not followed yet. */
  readonly followAsked: () => void;
  /** No new pod would be heard of now. */
  readonly isCutOff: () => boolean;
};

/** Where no API is followed. */
export const noApi: ApiSide = { followAsked: () => undefined, isCutOff: () => false };

/** `start`: once what decisions need is there, and again after each time that it was not. */
export function startApi(loop: Loop, start: () => void, times = usual): ApiSide {
  const side = createSide(loop, start);
  void followAll(loop, side, times).catch((error: unknown) =>
    loop.log("error", `the API is not followed: ${messageOf(error)}`),
  );
  return { followAsked: side.followAsked, isCutOff: side.isCutOff };
}

type Side = ReturnType<typeof createSide>;

function createSide({ log, signal, states, world, setWorld }: Loop, start: () => void) {
  let follow: ((name: OnDemand) => void) | undefined;
  let isStarted = false;
  let blockedBy: string | undefined;
  /** Since when the pods' watch has failed. */
  let failingMs: number | undefined;
  const know = (known: Known): void => setWorld({ ...world(), known });
  const followAsked = (): void => {
    const { known } = world();
    if (known === undefined || follow === undefined) return;
    for (const name of askedFor(known, confsInUse(world()))) follow(name);
  };
  const begin = (): void => {
    if (isStarted || signal.aborted) return;
    isStarted = true;
    states.setInStep();
    start();
  };
  return {
    know,
    followAsked,
    isStarted: () => isStarted,
    isCutOff: () => {
      const isFailing = failingMs !== undefined && performance.now() - failingMs >= cutOffMs;
      return isFailing || world().known?.snapshot.resources.pods.state !== "synced";
    },
    heed: (resource: ResourceName, notice: Notice): void => {
      if (resource !== "pods") return;
      if (notice.kind === "failed") failingMs ??= performance.now();
      if (notice.kind !== "watching" || failingMs === undefined) return;
      failingMs = undefined;
      states.setInTouch();
    },
    /** Before all that a decision needs is there nothing is decided. */
    beginIfComplete: (known: Known): void => {
      if (awaited(known, confsInUse(world())).length === 0) begin();
    },
    goByFormer: (former: Known, patienceMs: number): void => {
      if (isStarted || blockedBy !== undefined) return;
      const known = byFormer(world().known ?? former);
      const seconds = patienceMs / 1000;
      if (former.pods.size === 0 || !isRestored(known)) {
        log("warn", `the API has not answered for ${seconds} s: pods keep what they have until it does`);
        return;
      }
      const { size } = former.pods;
      log("warn", `the API has not answered for ${seconds} s: ${size} pods go by what was known before`);
      know(known);
      begin();
    },
    /** Of the cluster that the node's pods were decided by. */
    join: (cluster: string, former: Known, call: (name: OnDemand) => void): void => {
      const { known = former } = world();
      know({ ...known, snapshot: { ...known.snapshot, cluster } });
      if (blockedBy !== undefined) {
        log("info", "the API server is our cluster's again");
        states.setOutOfStep(undefined);
      }
      blockedBy = undefined;
      follow = call;
      followAsked();
    },
    block: (why: string, former: Known): void => {
      if (why !== blockedBy) log("error", why);
      blockedBy = why;
      isStarted = false;
      follow = undefined;
      know(unheard(world().known ?? former));
      states.setOutOfStep(why);
    },
  };
}

async function followAll(loop: Loop, side: Side, { patienceMs, ...times }: Times): Promise<void> {
  const { options, log, signal, metrics, world, tell } = loop;
  const { followApi } = await import("./api.ts");
  const { keepAgain, keepTold, readKnown } = await import("./know.ts");
  const { stateDir } = options;
  const former = readKnown(stateDir, process.env["POD_NAMESPACE"]);
  const onTold = (told: Told): void => {
    const { known, news } = keepTold(stateDir, world().known ?? former, told, log);
    side.know(known);
    for (const [resource, { state }] of Object.entries(known.snapshot.resources))
      metrics.synced.set({ resource }, state === "synced" ? 1 : 0);
    metrics.objectFaults.set(faultsOf(known).length);
    side.followAsked();
    if (side.isStarted()) tell({ kind: "api", news });
    else side.beginIfComplete(known);
  };
  const report = reporter(loop);
  side.know(former);
  const trying = setInterval(() => side.know(keepAgain(stateDir, world().known ?? former)), keepAgainMs);
  signal.addEventListener("abort", () => clearInterval(trying));
  const waited = setTimeout(() => side.goByFormer(former, patienceMs), patienceMs);
  signal.addEventListener("abort", () => clearTimeout(waited));
  await followApi({
    ...times,
    options,
    root: process.env["SERVICE_ACCOUNT_ROOT"],
    known: () => (world().known ?? former).snapshot,
    log,
    signal,
    onCluster: (cluster, follow) => {
      metrics.otherCluster.set(0);
      side.join(cluster, former, follow);
    },
    onOther: (why) => {
      metrics.otherCluster.set(1);
      side.block(why, former);
    },
    onTold,
    onNotice: (resource, notice) => {
      side.heed(resource, notice);
      report(resource, notice);
    },
  });
}

/** What fails for the same reason again and again is a line of the log once, and is counted each time. */
function reporter({ log, metrics }: Loop): (resource: ResourceName, notice: Notice) => void {
  const last = new Map<ResourceName, string>();
  return (resource, notice) => {
    switch (notice.kind) {
      case "failed": {
        metrics.watchRestarts.inc({ resource, reason: notice.during });
        const text = `${resource}: ${notice.during}: ${notice.message}`;
        if (last.get(resource) !== text)
          log("warn", `${text}; it is tried again, now in ${Math.ceil(notice.wait / 1000)} s`);
        last.set(resource, text);
        return;
      }
      case "watching":
        if (last.delete(resource)) log("info", `${resource}: followed again`);
        return;
      case "threw":
        return log("error", `${resource}: ${messageOf(notice.error)}`);
      case "listed":
      case "silent":
    }
  };
}
