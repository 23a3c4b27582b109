/** The API side of the loop: what is told becomes the world's, files for ADD, and news. Loaded where an API is followed. */
import type { ResourceName } from "../knowledge/snapshot.ts";
import { askedFor, type Known } from "./known.ts";
import type { Told } from "./told.ts";
import type { Loop } from "./context.ts";

/** With nothing known of a resource for so long it is decided by what a former run knew. */
const patienceMs = 10_000;

/** `start`: once what decisions need is there. */
export async function startApi(loop: Loop, start: () => void): Promise<void> {
  const { options, log, signal, metrics, states, world, setWorld, tell } = loop;
  const { followApi } = await import("./api.ts");
  const { keepTold, readKnown } = await import("./know.ts");
  const { stateDir } = options;
  const former = readKnown(stateDir, process.env["POD_NAMESPACE"]);
  const heard = new Set<ResourceName>();
  let isStarted = false;
  let follow: Awaited<ReturnType<typeof followApi>>;

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
    if (told.is.state !== "unsynced") heard.add(told.resource);
    for (const name of askedFor(known, [...world().confs.entries.values()])) follow?.(name);
    // Before all that a decision needs is there nothing is decided.
    if (isStarted) tell({ kind: "api", news });
    else if (needed.every((name) => heard.has(name)) && known.snapshot.resources.pods.state === "synced")
      begin();
  };

  know(former);
  const waited = setTimeout(() => {
    if (former.pods.size > 0) begin();
  }, patienceMs);
  signal.addEventListener("abort", () => clearTimeout(waited));
  follow = await followApi({
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
  for (const name of askedFor(world().known ?? former, [...world().confs.entries.values()])) follow?.(name);
}

const needed: readonly ResourceName[] = ["pods", "egressqoses", "networkqoses"];
