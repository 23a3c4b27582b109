/** The files that ADD reads of the API: written for each update, and again where that failed. */
import { messageOf } from "../../errors.ts";
import { emptySnapshot, type Snapshot } from "../../knowledge/snapshot.ts";
import { podIds } from "../../knowledge/pod.ts";
import type { Log } from "../../log.ts";
import { knownPodIds, readKnownPod, removeKnownPod, writeKnownPod } from "../../state/live/pods.ts";
import { readSnapshot, writeSnapshot } from "../../state/live/snapshot.ts";
import { changesOf, type ApiChanges } from "./changes.ts";
import { withUpdate } from "./update.ts";
import { apiViewOf, faultsOf, type ApiView, type Unwritten } from "./view.ts";
import { asUnsynced } from "./needs.ts";
import type { ResourceUpdate } from "../api/resource-update.ts";

/** What a former run left. */
export function readFormerView(stateDir: string, agentNamespace: string | undefined): ApiView {
  const snapshot: Snapshot = { ...(readSnapshot(stateDir) ?? emptySnapshot), agentNamespace };
  const pods = knownPodIds(stateDir).flatMap((id) => readKnownPod(stateDir, id) ?? []);
  return asUnsynced(apiViewOf(snapshot, pods));
}

/** Pods are in their files before anything is decided by them. */
export function takeUpdate(
  stateDir: string,
  before: ApiView,
  update: ResourceUpdate,
  log: Log,
): { readonly view: ApiView; readonly changes: ApiChanges } {
  const now = withUpdate(before, update);
  const changes = changesOf(before, now);
  const hasPods = update.resource === "pods" && update.items !== undefined;
  const unwritten: Unwritten = {
    pods: [...new Set([...before.unwritten.pods, ...(hasPods ? changes.pods : [])])],
    isSnapshot: before.unwritten.isSnapshot || isNewToAdd(before, now, changes, update),
    isLeftover: before.unwritten.isLeftover || hasPods,
  };
  const view = write(stateDir, { ...now, unwritten }, isWritten(before) ? log : quietly);
  const knownFaults = new Set(faultsOf(before));
  for (const fault of faultsOf(view)) if (!knownFaults.has(fault)) log("warn", fault);
  return { view, changes };
}

/** What could not be written is tried again: ADD takes what a pod's file says for what the API says. */
export function writeAgain(stateDir: string, view: ApiView): ApiView {
  return isWritten(view) ? view : write(stateDir, view, quietly);
}

const quietly: Log = () => undefined;

function isWritten(view: ApiView): boolean {
  const { pods, isSnapshot, isLeftover } = view.unwritten;
  return pods.every((id) => isHeld(view, id)) && !isSnapshot && !isLeftover;
}

/** ADD goes on once a pod's file exists: before its Namespace is known, the pod could start above its ceiling. */
function isHeld({ pods, objects }: ApiView, id: string): boolean {
  const pod = pods.get(id);
  return pod !== undefined && objects.namespace(pod.namespace) === "absent";
}

function write(stateDir: string, view: ApiView, log: Log): ApiView {
  const { pods, unwritten } = view;
  const fails = (attempt: () => void): boolean => {
    try {
      attempt();
      return false;
    } catch (error) {
      log("error", `a file that ADD reads could not be written and is tried again: ${messageOf(error)}`);
      return true;
    }
  };
  // First what a pod's file lets ADD go on by.
  const isSnapshot = unwritten.isSnapshot && fails(() => writeSnapshot(stateDir, view.snapshot));
  return {
    ...view,
    unwritten: {
      pods: unwritten.pods.filter((id) => {
        const pod = pods.get(id);
        return pod !== undefined && (isHeld(view, id) || fails(() => writeKnownPod(stateDir, pod)));
      }),
      isSnapshot,
      isLeftover: unwritten.isLeftover && fails(() => removeLeftover(stateDir, view)),
    },
  };
}

function removeLeftover(stateDir: string, { pods }: ApiView): void {
  const ids = new Set([...pods.values()].flatMap(podIds));
  for (const id of knownPodIds(stateDir)) if (!ids.has(id)) removeKnownPod(stateDir, id);
}

/** Each event of a pod or Namespace has a version of its own, and the snapshot of a large cluster is long. */
function isNewToAdd(
  before: ApiView,
  now: ApiView,
  { ofNamespaces }: ApiChanges,
  { resource }: ResourceUpdate,
): boolean {
  const states = [before, now].map(({ snapshot }) => snapshot.resources[resource].state);
  const areKept =
    before.snapshot.objects === now.snapshot.objects && before.snapshot.networks === now.snapshot.networks;
  const isFrequent = resource === "pods" || (resource === "namespaces" && ofNamespaces.length === 0);
  return !isFrequent || states[0] !== states[1] || !areKept;
}
