/** Follows pods anywhere in the cluster that rules name as destinations: one namespace and one selector each, never all pods. */
import { isObject, type JsonObject } from "../../cni/fields.ts";
import { decodeDestination } from "../../knowledge/decode.ts";
import { networkStatusKey, type DestinationPod, type PodSelection } from "../../knowledge/destinations.ts";
import type { Connection } from "../../kube/connect.ts";
import { follow, type Notice } from "../../kube/follow.ts";
import type { Doubt } from "./doubt.ts";
import { createFirstLists } from "./first-lists.ts";

/** By namespace and name; without those that nobody can send to. */
export type DestinationPods = ReadonlyMap<string, DestinationPod>;

/** Until the signal. `onPods` is called when all are known, and for each change from then on. */
export type FollowPods = (
  selection: PodSelection,
  signal: AbortSignal,
  onPods: (pods: DestinationPods) => void,
) => void;

type Told = {
  readonly onNotice: (notice: Notice, selection: string) => void;
  readonly signal: AbortSignal;
} & Pick<Doubt, "whenSettled">;

export function podFollower(
  { onNotice, whenSettled, signal: whole }: Told,
  connection: Connection,
): FollowPods {
  const firstLists = createFirstLists();
  return ({ namespace, labels }, own, onPods) => {
    const signal = AbortSignal.any([whole, own]);
    const called = `${namespace} ${labels}`;
    const resource = {
      group: "",
      version: "v1",
      name: "pods",
      namespace,
      ...(labels !== "" && { labelSelector: labels }),
    };
    firstLists.take(signal, (done) => {
      follow({
        connection,
        resource,
        signal,
        trim,
        onChange: ({ isComplete, items }) => {
          if (!isComplete) return;
          done();
          whenSettled(called, () => {
            if (!signal.aborted) onPods(podsIn(items));
          });
        },
        onNotice: (notice) => {
          // One that is refused is not to keep the others waiting.
          if (notice.kind === "failed") done();
          onNotice(notice, called.trimEnd());
        },
      });
    });
  };
}

/** An event is about one pod: the others are the values that they were. */
const read = new WeakMap<JsonObject, { readonly pod: DestinationPod | undefined }>();

function podsIn(items: ReadonlyMap<string, JsonObject>): DestinationPods {
  const pods = new Map<string, DestinationPod>();
  for (const [key, item] of items) {
    const known = read.get(item) ?? { pod: decodeDestination(item) };
    read.set(item, known);
    if (known.pod !== undefined) pods.set(key, known.pod);
  }
  return pods;
}

/** A cluster may have tens of thousands of these, of 6 KB each. */
function trim({ metadata, spec, status }: JsonObject): JsonObject {
  const annotations = isObject(metadata) && isObject(metadata["annotations"]) ? metadata["annotations"] : {};
  const networks = annotations[networkStatusKey];
  const { phase, podIP, podIPs } = isObject(status) ? status : {};
  return {
    metadata: networks === undefined ? {} : { annotations: { [networkStatusKey]: networks } },
    ...(isObject(spec) && spec["hostNetwork"] === true && { spec: { hostNetwork: true } }),
    status: { phase, podIP, podIPs },
  };
}
