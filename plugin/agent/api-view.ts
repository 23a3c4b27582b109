/** What the API has of this node's pods and of objects, as one value. Pure. */
import type { Knowledge, KnownObjects } from "../knowledge/knowledge.ts";
import { objectsOf } from "../knowledge/objects.ts";
import { isNamed, podId, type KnownPod } from "../knowledge/pod.ts";
import type { Snapshot } from "../knowledge/snapshot.ts";
import type { AttachmentRecord } from "../state/record.ts";

export type ApiView = {
  readonly snapshot: Snapshot;
  readonly objects: KnownObjects;
  /** By what a runtime calls their UID. */
  readonly pods: ReadonlyMap<string, KnownPod>;
  /** What is wrong with NetworkAttachmentDefinitions; an object has its fault with it. */
  readonly networkFaults: readonly string[];
  readonly unwritten: Unwritten;
};

/** Files for ADD that could not be written yet. */
export type Unwritten = {
  /** By what a runtime calls their UID. */
  readonly pods: readonly string[];
  readonly isSnapshot: boolean;
  /** Files of pods that are gone are still there. */
  readonly isLeftover: boolean;
};

export const allWritten: Unwritten = { pods: [], isSnapshot: false, isLeftover: false };

export function apiViewOf(snapshot: Snapshot, pods: readonly KnownPod[]): ApiView {
  return {
    snapshot,
    objects: objectsOf(snapshot),
    pods: new Map(pods.map((pod) => [podId(pod), pod])),
    networkFaults: [],
    unwritten: allWritten,
  };
}

export function withSnapshot(view: ApiView, snapshot: Snapshot): ApiView {
  return { ...view, snapshot, objects: objectsOf(snapshot) };
}

/** "unshown": the API has not shown the pod, and a pod that is absent loses nothing. "finished": it does not run any more. */
export function knowledgeOf(
  { pods, objects }: ApiView,
  { asked }: AttachmentRecord,
): Knowledge | "unshown" | "finished" {
  const uid = asked?.uid;
  if (uid === undefined) return { source: "agent", pod: undefined, objects };
  const pod = pods.get(uid);
  if (pod === undefined || !isNamed(pod, asked ?? {})) return "unshown";
  if (pod.phase === "Succeeded" || pod.phase === "Failed") return "finished";
  return { source: "agent", pod, objects };
}

/** What cannot be applied as it is, in sentences. */
export function faultsOf({ snapshot, networkFaults }: ApiView): readonly string[] {
  return [...snapshot.objects.flatMap(({ fault }) => fault ?? []), ...networkFaults];
}
