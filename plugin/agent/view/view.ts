/** What the API has of this node's pods and of objects, as one value. Pure. */
import type { Knowledge, KnownObjects } from "../../knowledge/knowledge.ts";
import { objectsOf } from "../../knowledge/objects.ts";
import { isNamed, podIds, type KnownPod } from "../../knowledge/pod.ts";
import type { Snapshot } from "../../knowledge/snapshot.ts";
import type { AttachmentRecord } from "../../state/record.ts";

export type ApiView = {
  readonly snapshot: Snapshot;
  readonly objects: KnownObjects;
  /** By what a runtime may call their UID: one that has a mirror's annotations by both its names. */
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
    pods: byId(pods),
    networkFaults: [],
    unwritten: allWritten,
  };
}

export function byId(pods: readonly KnownPod[]): ApiView["pods"] {
  return new Map(pods.flatMap((pod) => podIds(pod).map((id) => [id, pod] as const)));
}

export function withSnapshot(view: ApiView, snapshot: Snapshot): ApiView {
  return { ...view, snapshot, objects: objectsOf(snapshot) };
}

/** "absent": the API does not show the pod, which loses nothing by that. "finished": it does not run any more. */
export function knowledgeOf(
  { pods, objects }: ApiView,
  { asked }: AttachmentRecord,
): Knowledge | "absent" | "finished" {
  if (asked?.uid === undefined) return { source: "agent", pod: undefined, objects };
  const pod = shownPod({ pods }, { asked });
  if (pod === undefined) return "absent";
  if (pod.phase === "Succeeded" || pod.phase === "Failed") return "finished";
  return { source: "agent", pod, objects };
}

/** What the API shows of the pod that the attachment is of. */
export function shownPod(
  { pods }: Pick<ApiView, "pods">,
  { asked }: Pick<AttachmentRecord, "asked">,
): KnownPod | undefined {
  return asked?.uid === undefined ? undefined : podCalled(asked.uid, pods, asked);
}

/** Several may have a static pod's hash in their annotations: by its name it is one of them. */
function podCalled(id: string, pods: ApiView["pods"], named: Asked): KnownPod | undefined {
  const pod = pods.get(id);
  if (pod === undefined || isNamed(pod, named)) return pod;
  return [...pods.values()].find((each) => podIds(each).includes(id) && isNamed(each, named));
}

type Asked = NonNullable<AttachmentRecord["asked"]>;

/** The UID of a pod of the same name that is another: names are used again. */
export function namesakeOf({ pods }: ApiView, { asked }: AttachmentRecord): string | undefined {
  const { namespace, name } = asked ?? {};
  return [...pods.values()].find((pod) => pod.namespace === namespace && pod.name === name)?.uid;
}

/** What cannot be applied as it is, in sentences. */
export function faultsOf({ snapshot, networkFaults }: ApiView): readonly string[] {
  return [...snapshot.objects.flatMap(({ fault }) => fault ?? []), ...networkFaults];
}
