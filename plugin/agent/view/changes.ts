/** What differs between two views of the API, as far as a decision may depend on it. Pure. */
import { isListed } from "../../knowledge/asks.ts";
import { podIds, type KnownPod } from "../../knowledge/pod.ts";
import type { KnownObject, ResourceName, Snapshot } from "../../knowledge/snapshot.ts";
import type { ApiView } from "./view.ts";

export type ApiChanges = {
  /** By what a runtime calls their UID. */
  readonly pods: readonly string[];
  /** "namespace/name" of those that are new: a pod of this name that runs here is another by now. */
  readonly newNames: readonly string[];
  /** Whose objects differ. */
  readonly namespaces: readonly string[];
  /** Whose own labels or annotations differ; new and gone ones too. */
  readonly ofNamespaces: readonly string[];
  /** Networks, or labels of namespaces that these are in, differ: that may concern any pod. */
  readonly surroundings: boolean;
};

export function changesOf(before: ApiView, now: ApiView): ApiChanges {
  const shown = [...new Set(now.pods.values())];
  const resources = Object.entries(now.snapshot.resources).filter(
    ([name, { state }]) => before.snapshot.resources[name as ResourceName].state !== state,
  );
  return {
    pods: shown.flatMap((pod) => (isSamePod(before.pods.get(pod.uid), pod) ? [] : podIds(pod))),
    newNames: shown.filter(({ uid }) => !before.pods.has(uid)).map(nameOf),
    namespaces: namespacesThatDiffer(before.snapshot.objects, now.snapshot.objects),
    ofNamespaces: namesThatDiffer(before.snapshot.namespaces, now.snapshot.namespaces),
    surroundings:
      !isEqual(labelsOf(before.snapshot), labelsOf(now.snapshot)) || resources.some(([, is]) => isListed(is)),
  };
}

export function differs({ surroundings, ...lists }: ApiChanges): boolean {
  return surroundings || Object.values(lists).some((list) => list.length > 0);
}

export function nameOf({ namespace, name }: { readonly namespace?: string; readonly name?: string }): string {
  return `${namespace}/${name}`;
}

function isSamePod(before: KnownPod | undefined, now: KnownPod): boolean {
  return before !== undefined && isEqual({ ...before, resourceVersion: "" }, { ...now, resourceVersion: "" });
}

/** An object that did not change is the same value: it is not compiled again. */
function namespacesThatDiffer(
  before: readonly KnownObject[],
  now: readonly KnownObject[],
): readonly string[] {
  const [was, is] = [new Set(before), new Set(now)];
  const differing = [...before.filter((each) => !is.has(each)), ...now.filter((each) => !was.has(each))];
  return [...new Set(differing.map(({ namespace }) => namespace))];
}

function namesThatDiffer(before: Snapshot["namespaces"], now: Snapshot["namespaces"]): readonly string[] {
  if (before === now) return [];
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].filter((name) => {
    const [was, is] = [own(before, name), own(now, name)];
    return was !== is && !isEqual(was, is);
  });
}

function labelsOf({ namespaces, networks }: Snapshot): unknown {
  return networks.map((network) => [network, own(namespaces, network.namespace)?.labels]);
}

/** A namespace may be called "constructor". */
function own<Value>(all: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
