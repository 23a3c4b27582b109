/**
 * The sum of what all nodes report, object by object. Pure.
 *
 * An object's generation is applied where each live node has observed the version at which it appeared, and lists the object neither
 * as pending nor as failed. A node is live if its agent has written within three minutes. One that may have counts as live, and the
 * verdict says what else could be true.
 */
import { byLiveness, byName, byUid, listingsOf, type Listing, type Report } from "./reports.ts";
import type { ClusterView, QosObject } from "./view.ts";
import { byObserved, waitingOf, type Waited } from "./waiting.ts";

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
  /** Whose agent is live, or may be. */
  readonly nodes: number;
  /** That the object is about, on these. */
  readonly pods: number;
  readonly silent: readonly string[];
  /** Nodes whose agent never reported. */
  readonly withoutAgent: number;
  /** How it stands on each node that is not silent, where that is asked for. */
  readonly zones: readonly Zone[];
  /** What could be true as well, and the verdict itself: some nodes may be live or silent. Empty where that is known of each. */
  readonly possible: readonly Kind[];
};

export type Kind = Verdict["kind"];

export type Zone = {
  readonly node: string;
  readonly state: "applied" | "pending" | "failed";
  readonly message: string;
};

export function verdictsOf(
  view: Pick<ClusterView, "objects" | "reports" | "nodes">,
  hasZones: boolean,
): ReadonlyMap<QosObject, Verdict> {
  const { live, unsure, silent } = byLiveness(view.reports, view.nodes);
  const counted = [...live, ...unsure];
  const sum: Sum = {
    counted,
    unsure: new Set(unsure),
    silent: silent.map(({ node }) => node).toSorted(),
    withoutAgent: view.nodes.size - counted.length - silent.length,
    observers: { EgressQoS: byObserved(counted, "EgressQoS"), NetworkQoS: byObserved(counted, "NetworkQoS") },
    crowded: counted.filter(({ status: { unlisted } }) => unlisted && unlisted.pending + unlisted.failed > 0),
    hasZones,
  };
  const counting = listingsOf(counted, byUid);
  // What a silent node has of an object it still has of the next one of that name, which it never saw.
  const [silently, unsurely] = [listingsOf(silent, byName), listingsOf(unsure, byName)];
  return new Map(
    view.objects.map((object) => {
      const name = byName(object);
      const listings: Listings = {
        counted: counting.get(byUid(object)) ?? [],
        silent: silently.get(name) ?? [],
        unsure: unsurely.get(name) ?? [],
      };
      return [object, verdictOf(object, listings, sum)];
    }),
  );
}

type Sum = Waited & {
  /** Live, or unsure. */
  readonly counted: readonly Report[];
  readonly unsure: ReadonlySet<Report>;
  readonly silent: readonly string[];
  readonly withoutAgent: number;
  readonly hasZones: boolean;
};

type Listings = Readonly<Record<"counted" | "silent" | "unsure", readonly Listing[]>>;

function verdictOf(object: QosObject, listings: Listings, sum: Sum): Verdict {
  const { counted, silent, withoutAgent, hasZones } = sum;
  const failing = listings.counted.filter(
    ({ entry }) => entry.state === "failed" && entry.generation >= object.generation,
  );
  const failures = failing
    .map(({ report, entry }) => ({ node: report.node, message: entry.message ?? "" }))
    .toSorted(byNode);
  const late = waitingOf(object, listings.counted, sum);
  const waiting = late.map(({ node }) => node).toSorted();
  const reports = { failing: failing.map(({ report }) => report), late };
  const counts: Counts = {
    nodes: counted.length,
    pods: listings.counted.reduce((pods, { entry }) => pods + entry.pods, 0),
    silent,
    withoutAgent,
    zones: hasZones ? zonesOf(counted, failures, waiting) : [],
    possible: sum.unsure.size === 0 ? [] : possibleOf(reports, listings, sum),
  };
  if (object.fault !== undefined) return { ...counts, possible: [], kind: "invalid", fault: object.fault };
  if (counted.length + silent.length === 0) return { ...counts, kind: "noAgent" };
  if (failures.length > 0) return { ...counts, kind: "failed", failures };
  if (waiting.length > 0) return { ...counts, kind: "pending", waiting };
  if (listings.silent.length > 0 || counted.length === 0)
    return { ...counts, kind: "silent", listed: nodesOf(listings.silent) };
  return { ...counts, kind: "applied" };
}

/** What the verdict would be if of the unsure nodes these or those were silent. */
function possibleOf(
  { failing, late }: { readonly failing: readonly Report[]; readonly late: readonly Report[] },
  listings: Listings,
  { counted, unsure }: Sum,
): readonly Kind[] {
  const isKnown = (report: Report): boolean => !unsure.has(report);
  const possible: Kind[] = [];
  if (failing.length > 0) possible.push("failed");
  if (failing.some(isKnown)) return possible;
  if (late.length > 0) possible.push("pending");
  if (late.some(isKnown)) return possible;
  const hasSilent = listings.silent.length > 0;
  if (hasSilent || listings.unsure.length > 0 || !counted.some(isKnown)) possible.push("silent");
  return hasSilent ? possible : [...possible, "applied"];
}

/** A node may list two of a name: the former one and the present one. */
function nodesOf(listings: readonly Listing[]): readonly string[] {
  return [...new Set(listings.map(({ report }) => report.node))].toSorted();
}

function zonesOf(
  counted: readonly Report[],
  failures: readonly Failure[],
  waiting: readonly string[],
): readonly Zone[] {
  const why = new Map(failures.map(({ node, message }) => [node, message]));
  const isWaiting = new Set(waiting);
  return counted
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
