/**
 * By which watches the pods of one selector are followed: one for each namespace that rules name, or one for all of the cluster
 * where there are many. From the one to the other both are there until they say the same: no rule loses an address. Pure.
 */
import type { DestinationPod } from "../knowledge/destinations.ts";
import { isSame, type DestinationPods, type PodSelection } from "./api/following-pods.ts";

/** The namespaces in which rules name pods by these labels. */
export type Wanted = {
  readonly labels: string;
  readonly namespaces: ReadonlySet<string>;
  readonly isEverywhere: boolean;
};

/** `pods`: undefined until its list has come. `number`: a later one has a greater one. */
export type Watched = { readonly number: number; pods: DestinationPods | undefined };

/** By `keyOf`. */
export type Present = ReadonlyMap<string, Readonly<Watched>>;

/** Above the one a single watch is opened, and only below the other it ends: the number may go up and down between them. */
export const [mostNamespaces, fewNamespaces] = [20, 12] as const;

export function watchesOf(wanted: Wanted, present: Present): readonly PodSelection[] {
  const { labels } = wanted;
  const wide: PodSelection = { namespace: undefined, labels };
  const narrow = Array.from(wanted.namespaces, (namespace): Narrow => ({ namespace, labels }));
  const all = present.get(keyOf(wide));
  if (isWide(wanted, all !== undefined)) {
    const left = narrow.filter((one) => present.has(keyOf(one)));
    const isOver = all?.pods !== undefined && left.every((one) => isWithout(one) || saysTheSame(one));
    return isOver ? [wide] : [wide, ...left];
  }
  const isOver = all?.pods === undefined || narrow.every(saysTheSame);
  return isOver ? narrow : [wide, ...narrow];

  function isWithout(one: Narrow): boolean {
    return present.get(keyOf(one))?.pods === undefined;
  }
  function saysTheSame(one: Narrow): boolean {
    const own = present.get(keyOf(one))?.pods;
    return own !== undefined && areSame(own.get(one.namespace), all?.pods?.get(one.namespace));
  }
}

type Narrow = PodSelection & { readonly namespace: string };

/** Nobody asks for all pods of the cluster but a rule that names them. */
function isWide({ labels, namespaces: { size }, isEverywhere }: Wanted, wasWide: boolean): boolean {
  return (labels !== "" || isEverywhere) && (wasWide ? size >= fewNamespaces : size > mostNamespaces);
}

function areSame(one: Pods = none, other: Pods = none): boolean {
  return one.size === other.size && [...one].every(([key, pod]) => isSame(pod, other.get(key)));
}

type Pods = ReadonlyMap<string, DestinationPod>;

const none: Pods = new Map();

/** By what is followed longest: what came beside it may be behind. undefined: not known. */
export function podsIn(namespace: string, labels: string, present: Present): Pods | undefined {
  const [known] = [namespace, undefined]
    .flatMap((where) => present.get(keyOf({ namespace: where, labels })) ?? [])
    .filter(({ pods }) => pods !== undefined)
    .toSorted((one, other) => one.number - other.number);
  return known?.pods && (known.pods.get(namespace) ?? none);
}

/** No name of a namespace has a blank. */
export function keyOf({ namespace = "", labels }: PodSelection): string {
  return `${namespace} ${labels}`;
}

export function labelsIn(key: string): string {
  return key.slice(key.indexOf(" ") + 1);
}
