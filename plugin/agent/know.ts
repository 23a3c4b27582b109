/** What the API told, kept: in the world that decisions are made by, and in the files that ADD reads. */
import { messageOf } from "../errors.ts";
import { emptySnapshot, type Snapshot } from "../knowledge/snapshot.ts";
import { podId } from "../knowledge/pod.ts";
import type { Log } from "../log.ts";
import { knownPodIds, readKnownPod, removeKnownPod, writeKnownPod } from "../state/live/pods.ts";
import { readSnapshot, writeSnapshot } from "../state/live/snapshot.ts";
import { unheard } from "./gate.ts";
import { faultsOf, knownOf, newsOf, withTold, type ApiNews, type Known, type Unwritten } from "./known.ts";
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
  const heard = withTold(before, told);
  const news = newsOf(before, heard);
  const hasPods = told.resource === "pods" && told.items !== undefined;
  const unwritten: Unwritten = {
    pods: [...new Set([...before.unwritten.pods, ...(hasPods ? news.pods : [])])],
    isSnapshot: before.unwritten.isSnapshot || isNewToAdd(before, heard, told),
    isLeftover: before.unwritten.isLeftover || hasPods,
  };
  const known = keep(stateDir, { ...heard, unwritten }, isWritten(before) ? log : quietly);
  const knownFaults = new Set(faultsOf(before));
  for (const fault of faultsOf(known)) if (!knownFaults.has(fault)) log("warn", fault);
  return { known, news };
}

/** What could not be written is tried again: ADD takes what a pod's file says for what the API says. */
export function keepAgain(stateDir: string, known: Known): Known {
  return isWritten(known) ? known : keep(stateDir, known, quietly);
}

const quietly: Log = () => undefined;

function isWritten({ unwritten: { pods, isSnapshot, isLeftover } }: Known): boolean {
  return pods.length === 0 && !isSnapshot && !isLeftover;
}

function keep(stateDir: string, known: Known, log: Log): Known {
  const { pods, unwritten } = known;
  const fails = (attempt: () => void): boolean => {
    try {
      attempt();
      return false;
    } catch (error) {
      log("error", `new pods do not hear of what the API says, until it can be written: ${messageOf(error)}`);
      return true;
    }
  };
  return {
    ...known,
    unwritten: {
      pods: unwritten.pods.filter((id) => {
        const pod = pods.get(id);
        return pod !== undefined && fails(() => writeKnownPod(stateDir, pod));
      }),
      isSnapshot: unwritten.isSnapshot && fails(() => writeSnapshot(stateDir, known.snapshot)),
      isLeftover: unwritten.isLeftover && fails(() => removeLeftover(stateDir, known)),
    },
  };
}

function removeLeftover(stateDir: string, { pods }: Known): void {
  const ids = new Set(Array.from(pods.values(), podId));
  for (const id of knownPodIds(stateDir)) if (!ids.has(id)) removeKnownPod(stateDir, id);
}

/** Each event of a pod has a version of its own, and the snapshot of a large cluster is long. */
function isNewToAdd(before: Known, known: Known, { resource }: Told): boolean {
  const states = [before, known].map(({ snapshot }) => snapshot.resources[resource].state);
  return resource !== "pods" || states[0] !== states[1];
}
