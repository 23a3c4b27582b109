/** What the API told, kept: in the world that decisions are made by, and in the files that ADD reads. */
import { messageOf } from "../errors.ts";
import { emptySnapshot, type Snapshot } from "../knowledge/snapshot.ts";
import { podId } from "../knowledge/pod.ts";
import type { Log } from "../log.ts";
import { knownPodIds, readKnownPod, removeKnownPod, writeKnownPod } from "../state/live/pods.ts";
import { readSnapshot, writeSnapshot } from "../state/live/snapshot.ts";
import { unheard } from "./gate.ts";
import { knownOf, newsOf, withTold, type ApiNews, type Known } from "./known.ts";
import type { Told } from "./told.ts";

/** What a former run left. */
export function readKnown(stateDir: string, agentNamespace: string | undefined): Known {
  const snapshot: Snapshot = { ...(readSnapshot(stateDir) ?? emptySnapshot), agentNamespace };
  const pods = knownPodIds(stateDir).flatMap((id) => readKnownPod(stateDir, id) ?? []);
  return unheard(knownOf(snapshot, pods));
}

/** The pods of a complete list, or of an event, are in files before anything is decided by them. */
export function keepTold(
  stateDir: string,
  before: Known,
  told: Told,
  log: Log,
): { readonly known: Known; readonly news: ApiNews } {
  const known = withTold(before, told);
  const news = newsOf(before, known);
  try {
    if (told.resource === "pods" && told.items !== undefined) keepPods(stateDir, known, news);
    if (isNewToAdd(before, known, told)) writeSnapshot(stateDir, known.snapshot);
  } catch (error) {
    log("error", `new pods do not hear of what the API says: ${messageOf(error)}`);
  }
  for (const fault of newFaults(before, known)) log("warn", fault);
  return { known, news };
}

/** Each event of a pod has a version of its own, and the snapshot of a large cluster is long. */
function isNewToAdd(before: Known, known: Known, { resource }: Told): boolean {
  const states = [before, known].map(({ snapshot }) => snapshot.resources[resource].state);
  return resource !== "pods" || states[0] !== states[1];
}

function keepPods(stateDir: string, { pods }: Known, news: ApiNews): void {
  for (const id of news.pods) {
    const pod = pods.get(id);
    if (pod !== undefined) writeKnownPod(stateDir, pod);
  }
  const ids = new Set(Array.from(pods.values(), podId));
  for (const id of knownPodIds(stateDir)) if (!ids.has(id)) removeKnownPod(stateDir, id);
}

function newFaults({ snapshot: before }: Known, { snapshot: now }: Known): readonly string[] {
  const known = new Set(before.objects.map(({ fault }) => fault));
  return now.objects.flatMap(({ fault }) => (fault === undefined || known.has(fault) ? [] : [fault]));
}
