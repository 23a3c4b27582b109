/** The API side of the loop: what is told becomes the world's, files for ADD, and news. Loaded where an API is followed. */
import type { Loop } from "./context.ts";
import { askedFor, awaited, byFormer, type Known } from "./known.ts";
import type { OnDemand, Told } from "./told.ts";
import { confsInUse } from "./world.ts";

/** With nothing known of a resource for so long it is decided by what a former run knew. */
const patienceMs = 10_000;

/**
 * `start`: once what decisions need is there. What comes back is called where a conf may ask for a resource that is not
 * followed yet.
 */
export function startApi(loop: Loop, start: () => void): () => void {
  let follow: ((name: OnDemand) => void) | undefined;
  const followAsked = (): void => {
    const { known } = loop.world();
    if (known === undefined || follow === undefined) return;
    for (const name of askedFor(known, confsInUse(loop.world()))) follow(name);
  };
  const onFollow = (call: (name: OnDemand) => void): void => {
    follow = call;
    followAsked();
  };
  void followAll(loop, start, { followAsked, onFollow });
  return followAsked;
}

type OnDemandSide = {
  readonly followAsked: () => void;
  readonly onFollow: (follow: (name: OnDemand) => void) => void;
};

async function followAll(
  loop: Loop,
  start: () => void,
  { followAsked, onFollow }: OnDemandSide,
): Promise<void> {
  const { options, log, signal, metrics, states, world, setWorld, tell } = loop;
  const { followApi } = await import("./api.ts");
  const { keepTold, readKnown } = await import("./know.ts");
  const { stateDir } = options;
  const former = readKnown(stateDir, process.env["POD_NAMESPACE"]);
  let isStarted = false;

  const know = (known: Known): void => setWorld({ ...world(), known });
  const begin = (): void => {
    if (isStarted || signal.aborted) return;
    isStarted = true;
    states.setInStep();
    start();
  };
  const onTold = (told: Told): void => {
    const { known, news } = keepTold(stateDir, world().known ?? former, told, log);
    know(known);
    for (const [resource, { state }] of Object.entries(known.snapshot.resources))
      metrics.synced.set({ resource }, state === "synced" ? 1 : 0);
    metrics.objectFaults.set(known.snapshot.objects.filter(({ fault }) => fault !== undefined).length);
    followAsked();
    // Before all that a decision needs is there nothing is decided.
    if (isStarted) tell({ kind: "api", news });
    else if (awaited(known, confsInUse(world())).length === 0) begin();
  };

  know(former);
  const waited = setTimeout(() => {
    const { known = former } = world();
    if (former.pods.size === 0 || isStarted) return;
    know(byFormer(known));
    begin();
  }, patienceMs);
  signal.addEventListener("abort", () => clearTimeout(waited));
  const follow = await followApi({
    options,
    root: process.env["SERVICE_ACCOUNT_ROOT"],
    before: former.snapshot,
    log,
    signal,
    onCluster: (cluster) => {
      const { known = former } = world();
      know({ ...known, snapshot: { ...known.snapshot, cluster } });
    },
    onTold,
    onNotice: (resource, notice) => {
      if (notice.kind === "failed") {
        metrics.watchRestarts.inc({ resource, reason: notice.during });
        log("warn", `${resource}: ${notice.during}: ${notice.message}; again in ${notice.wait / 1000} s`);
      }
      if (notice.kind === "threw") log("error", `${resource}: ${String(notice.error)}`);
    },
  });
  if (follow === undefined && !signal.aborted) states.blocked("the API server is another cluster's");
  if (follow !== undefined) onFollow(follow);
}
