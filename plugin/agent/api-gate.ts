/**
 * Whether the agent may decide by what the API says:
 *
 *     waiting ──all that decisions need is listed──► in step ──the server is another cluster's──┐
 *        │  ▲                                                                                   ▼
 *        │  └────────────── the server is ours again ──────────────────────────────────────── blocked
 *        └──10 s without an answer, by what a former run knew──► in step
 */
import type { Notice } from "../kube/follow.ts";
import type { ApiView } from "./view/view.ts";
import type { Loop } from "./context.ts";
import { askedFor, asFrozen, asUnsynced, awaited, isRestored } from "./view/needs.ts";
import type { FollowedName, OnDemandResource } from "./api/resource-update.ts";
import { filesSelectNetworks } from "./world.ts";

export type Gate = ReturnType<typeof createGate>;

/** A watch that breaks is mostly whole again before an ADD would have waited in vain. */
const cutOffMs = 3_000;

export function createGate({ log, signal, states, world, setWorld }: Loop, start: () => void) {
  let follow: ((name: OnDemandResource) => void) | undefined;
  let isStarted = false;
  let blockedBy: string | undefined;
  /** Since when the pods' watch has failed. */
  let failingMs: number | undefined;
  const setView = (view: ApiView): void => setWorld({ ...world(), view });
  const followAsked = (): void => {
    const { view } = world();
    if (view === undefined || follow === undefined) return;
    const byFiles = filesSelectNetworks(world()) === true;
    for (const name of askedFor(view, byFiles)) follow(name);
  };
  const begin = (): void => {
    if (isStarted || signal.aborted) return;
    isStarted = true;
    states.setInStep();
    start();
  };
  return {
    setView,
    /** A file may ask for a resource that is not followed yet. */
    followAsked,
    isStarted: () => isStarted,
    /** No new pod would be seen now. */
    isCutOff: (): boolean => {
      const isFailing = failingMs !== undefined && performance.now() - failingMs >= cutOffMs;
      return isFailing || world().view?.snapshot.resources.pods.state !== "synced";
    },
    noteWatch: (resource: FollowedName, notice: Notice): void => {
      if (resource !== "pods") return;
      if (notice.kind === "failed") failingMs ??= performance.now();
      if (notice.kind !== "watching" || failingMs === undefined) return;
      failingMs = undefined;
      states.setInTouch();
    },
    /** Before all that a decision needs is there nothing is decided. */
    beginIfComplete: (view: ApiView): void => {
      const byFiles = filesSelectNetworks(world());
      if (byFiles !== undefined && awaited(view, byFiles).length === 0) begin();
    },
    goByFormer: (former: ApiView, patienceMs: number): void => {
      if (isStarted || blockedBy !== undefined) return;
      const view = asFrozen(world().view ?? former);
      const seconds = patienceMs / 1000;
      if (former.pods.size === 0 || !isRestored(view)) {
        log("warn", `the API has not answered for ${seconds} s: pods keep what they have until it does`);
        return;
      }
      const { size } = new Set(Array.from(former.pods.values(), ({ uid }) => uid));
      log(
        "warn",
        `the API has not answered for ${seconds} s: ${size} pods are decided by what the former agent knew`,
      );
      setView(view);
      begin();
    },
    /** Of the cluster that the node's pods were decided by. */
    join: (cluster: string, former: ApiView, call: (name: OnDemandResource) => void): void => {
      const { view = former } = world();
      setView({ ...view, snapshot: { ...view.snapshot, cluster } });
      if (blockedBy !== undefined) {
        log("info", "the API server belongs to our cluster again");
        states.setOutOfStep(undefined);
      }
      blockedBy = undefined;
      follow = call;
      followAsked();
    },
    block: (why: string, former: ApiView): void => {
      if (why !== blockedBy) log("error", why);
      blockedBy = why;
      isStarted = false;
      follow = undefined;
      setView(asUnsynced(world().view ?? former));
      states.setOutOfStep(why);
    },
  };
}
