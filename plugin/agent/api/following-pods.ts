/** Follows pods anywhere in the cluster that rules name as destinations: one selector in one namespace, or in all of them. */
import { decodeDestination } from "../../knowledge/decode.ts";
import type { DestinationPod } from "../../knowledge/destinations.ts";
import type { Connection } from "../../kube/connect.ts";
import { follow, type Change, type Notice } from "../../kube/follow.ts";
import type { Doubt } from "./doubt.ts";
import { createFirstLists } from "./first-lists.ts";

/** `labels`: as the API is asked, "" for all pods. `namespace`: undefined for all of the cluster. */
export type PodSelection = { readonly namespace: string | undefined; readonly labels: string };

/** By namespace, and there by namespace and name; without those that nobody can send to. */
export type DestinationPods = ReadonlyMap<string, ReadonlyMap<string, DestinationPod>>;

/**
 * Until the signal. `onPods` is called when all are known, and whenever addresses are others: in `changed` are the namespaces of
 * these. It gets the same map each time.
 */
export type FollowPods = (
  selection: PodSelection,
  signal: AbortSignal,
  onPods: (pods: DestinationPods, changed: ReadonlySet<string>) => void,
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
    const called = `${namespace ?? "in all namespaces"} ${labels}`.trimEnd();
    const resource = {
      group: "",
      version: "v1",
      name: "pods",
      ...(namespace !== undefined && { namespace }),
      ...(labels !== "" && { labelSelector: labels }),
    };
    const pods: Pods = new Map();
    const news: Changed = new Map();
    let isKnown = false;
    firstLists.take(signal, (done) => {
      follow({
        connection,
        resource,
        signal,
        trim: (object) => ({ pod: decodeDestination(object) }),
        onChange: ({ isComplete }, changes) => {
          for (const change of changes) news.set(change.key, podAfter(change));
          if (!isComplete) return;
          done();
          whenSettled(called, () => {
            if (signal.aborted) return;
            const changed = update(pods, news);
            news.clear();
            if (isKnown && changed.size === 0) return;
            isKnown = true;
            onPods(pods, changed);
          });
        },
        onNotice: (notice) => {
          // One that is refused is not to keep the others waiting.
          if (notice.kind === "failed") done();
          onNotice(notice, called);
        },
      });
    });
  };
}

type Pods = Map<string, Map<string, DestinationPod>>;

/** undefined of one that nobody can send to. */
type Changed = Map<string, DestinationPod | undefined>;

/** As it was trimmed: a cluster may have tens of thousands of these, of 6 KB each. */
function podAfter(change: Change): DestinationPod | undefined {
  return change.kind === "deleted" ? undefined : (change.is["pod"] as DestinationPod | undefined);
}

/** Most events of a pod are about what nobody sends to. */
function update(pods: Pods, news: Changed): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const [key, pod] of news) {
    const namespace = key.slice(0, key.indexOf("/"));
    const its = pods.get(namespace) ?? new Map<string, DestinationPod>();
    if (isSame(its.get(key), pod)) continue;
    changed.add(namespace);
    if (pod === undefined) its.delete(key);
    else its.set(key, pod);
    if (its.size === 0) pods.delete(namespace);
    else pods.set(namespace, its);
  }
  return changed;
}

export function isSame(one: DestinationPod | undefined, other: DestinationPod | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
