/**
 * The sum of what all nodes report, object by object. Pure.
 *
 * An object's generation is applied where each live node has observed the version at which it appeared, and lists the object neither
 * as pending nor as failed. A node is live if its agent was heard within three minutes.
 */
import type { ObjectKind } from "../knowledge/compile.ts";
import { isOlder } from "../kube/version.ts";
import {
  byName,
  byUid,
  hearingOf,
  listingsOf,
  observedBy,
  type Hearing,
  type Listing,
  type Report,
} from "./reports.ts";
import type { ClusterView, QosObject } from "./view.ts";

export type Verdict = Counts &
  (
    | { readonly kind: "invalid"; readonly fault: string }
    | { readonly kind: "noAgent" }
    | { readonly kind: "failed"; readonly failures: readonly Failure[] }
    | { readonly kind: "pending"; readonly waiting: readonly string[] }
    /** Of the silent nodes, those that list it. */
    | { readonly kind: "silent"; readonly listed: readonly string[] }
    | { readonly kind: "applied" }
  );

export type Failure = { readonly node: string; readonly message: string };

export type Counts = {
  /** Whose agent is live. */
  readonly nodes: number;
  /** That the object is about, on these. */
  readonly pods: number;
  readonly silent: readonly string[];
  /** Nodes whose agent never reported. */
  readonly withoutAgent: number;
  /** How it stands on each node that is not silent, where that is asked for. */
  readonly zones: readonly Zone[];
};

export type Zone = {
  readonly node: string;
  readonly state: "applied" | "pending" | "failed";
  readonly message: string;
};

export type Terms = {
  readonly nowMs: number;
  readonly silentAfterMs: number;
  readonly hasZones: boolean;
};

export function verdictsOf(
  view: Omit<ClusterView, "qosNodes">,
  { nowMs, silentAfterMs, hasZones }: Terms,
): ReadonlyMap<QosObject, Verdict> {
  const hearing = hearingOf(view.reports, view.nodes, nowMs, silentAfterMs);
  const { live, silent } = hearing;
  const sum: Sum = {
    ...hearing,
    silentNames: silent.map(({ node }) => node).toSorted(),
    withoutAgent: view.nodes.size - live.length - silent.length,
    observers: { EgressQoS: byObserved(live, "EgressQoS"), NetworkQoS: byObserved(live, "NetworkQoS") },
    crowded: live.filter(({ status: { unlisted } }) => unlisted && unlisted.pending + unlisted.failed > 0),
    hasZones,
  };
  const heard = listingsOf(live, byUid);
  // What a silent node has of an object it still has of the next one of that name, which it never saw.
  const unheard = listingsOf(silent, byName);
  return new Map(
    view.objects.map((object) => [
      object,
      verdictOf(object, heard.get(byUid(object)) ?? [], unheard.get(byName(object)) ?? [], sum),
    ]),
  );
}

type Sum = Hearing & {
  readonly silentNames: readonly string[];
  readonly withoutAgent: number;
  readonly observers: Readonly<Record<ObjectKind, readonly Observer[]>>;
  /** Had no room for all that they have to list. */
  readonly crowded: readonly Report[];
  readonly hasZones: boolean;
};

type Observer = { readonly report: Report; readonly version: string };

/** Those that are furthest behind come first. */
function byObserved(live: readonly Report[], kind: ObjectKind): readonly Observer[] {
  return live
    .map((report) => ({ report, version: observedBy(report, kind) }))
    .toSorted((a, b) => (isOlder(a.version, b.version) ? -1 : isOlder(b.version, a.version) ? 1 : 0));
}

function verdictOf(
  object: QosObject,
  heard: readonly Listing[],
  unheard: readonly Listing[],
  sum: Sum,
): Verdict {
  const { live, silent, silentNames, withoutAgent, hasZones } = sum;
  const failures = heard
    .filter(({ entry }) => entry.state === "failed" && entry.generation >= object.generation)
    .map(({ report, entry }) => ({ node: report.node, message: entry.message ?? "" }))
    .toSorted(byNode);
  const waiting = waitingOf(object, heard, sum);
  const counts: Counts = {
    nodes: live.length,
    pods: heard.reduce((pods, { entry }) => pods + entry.pods, 0),
    silent: silentNames,
    withoutAgent,
    zones: hasZones ? zonesOf(live, failures, waiting) : [],
  };
  if (object.fault !== undefined) return { ...counts, kind: "invalid", fault: object.fault };
  if (live.length + silent.length === 0) return { ...counts, kind: "noAgent" };
  if (failures.length > 0) return { ...counts, kind: "failed", failures };
  if (waiting.length > 0) return { ...counts, kind: "pending", waiting };
  if (unheard.length > 0 || live.length === 0) return { ...counts, kind: "silent", listed: nodesOf(unheard) };
  return { ...counts, kind: "applied" };
}

/** Live nodes that have not applied it, and have not failed to. */
function waitingOf(
  object: QosObject,
  heard: readonly Listing[],
  { observers, crowded }: Sum,
): readonly string[] {
  const { since, generation } = object;
  const first = observers[object.kind].findIndex(({ version }) => !isOlder(version, since.version));
  const behind = first === -1 ? observers[object.kind] : observers[object.kind].slice(0, first);
  const listing = heard.filter(({ entry }) => entry.state !== "applied" || entry.generation < generation);
  if (behind.length === 0 && crowded.length === 0 && listing.length === 0) return [];
  const entries = new Map(heard.map(({ report, entry }) => [report, entry]));
  // What was applied everywhere stays observed. Only whoever has observed nothing is new since.
  const mayTrust = !since.isExact && isKnownApplied(object);
  const waiting = [
    ...listing
      .filter(({ entry }) => entry.state !== "failed" || entry.generation < generation)
      .map(({ report }) => report),
    ...behind
      .filter(({ version, report }) => {
        // A state of this generation: the version is that of the object now, and the node need not have seen that one.
        const isSeen = (entries.get(report)?.generation ?? -1) >= generation;
        return !isSeen && (!mayTrust || version === "");
      })
      .map(({ report }) => report),
    // What is not listed could be this one.
    ...crowded.filter((report) => !entries.has(report)),
  ];
  return [...new Set(waiting)].map(({ node }) => node).toSorted();
}

/** A node may list two of a name: the former one and the present one. */
function nodesOf(listings: readonly Listing[]): readonly string[] {
  return [...new Set(listings.map(({ report }) => report.node))].toSorted();
}

/** A controller said so of this generation, when it knew the version at which it appeared. */
function isKnownApplied({ written, generation }: QosObject): boolean {
  return written.ready?.status === "True" && written.ready.observedGeneration === generation;
}

function zonesOf(
  live: readonly Report[],
  failures: readonly Failure[],
  waiting: readonly string[],
): readonly Zone[] {
  const why = new Map(failures.map(({ node, message }) => [node, message]));
  const isWaiting = new Set(waiting);
  return live
    .map(({ node }): Zone => {
      const message = why.get(node);
      if (message !== undefined) return { node, state: "failed", message };
      return { node, state: isWaiting.has(node) ? "pending" : "applied", message: "" };
    })
    .toSorted(byNode);
}

function byNode(a: { readonly node: string }, b: { readonly node: string }): number {
  return a.node < b.node ? -1 : a.node > b.node ? 1 : 0;
}
