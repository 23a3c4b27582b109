/** Which nodes have not applied an object's present generation yet. Pure. */
import type { ObjectKind } from "../knowledge/compile.ts";
import { isOlder } from "../kube/version.ts";
import { observedBy, type Listing, type Report } from "./reports.ts";
import type { QosObject } from "./view.ts";

export type Waited = {
  readonly observers: Readonly<Record<ObjectKind, readonly Observer[]>>;
  /** Had no room for all that they have to list. */
  readonly crowded: readonly Report[];
};

export type Observer = { readonly report: Report; readonly version: string };

/** Those that have failed to apply it are not among them. */
export function waitingOf(
  object: QosObject,
  listings: readonly Listing[],
  { observers, crowded }: Waited,
): readonly Report[] {
  const { since, generation } = object;
  const first = observers[object.kind].findIndex(({ version }) => !isOlder(version, since.version));
  const behind = first === -1 ? observers[object.kind] : observers[object.kind].slice(0, first);
  const listing = listings.filter(({ entry }) => entry.state !== "applied" || entry.generation < generation);
  if (behind.length === 0 && crowded.length === 0 && listing.length === 0) return [];
  const entries = new Map(listings.map(({ report, entry }) => [report, entry]));
  const waiting = [
    ...listing
      .filter(({ entry }) => entry.state !== "failed" || entry.generation < generation)
      .map(({ report }) => report),
    ...behind
      .filter(({ version, report }) => {
        // A state of this generation: the version is that of the object now, and the node need not have seen that one.
        const isSeen = (entries.get(report)?.generation ?? -1) >= generation;
        // Whoever has observed nothing is new since.
        return !isSeen && (version === "" || !isKnownApplied(object, report));
      })
      .map(({ report }) => report),
    // What is not listed could be this one.
    ...crowded.filter((report) => !entries.has(report)),
  ];
  return [...new Set(waiting)];
}

/**
 * Where we do not know the version at which the generation appeared, a controller that knew it has said that it is applied. That holds
 * for the reports that were there by then.
 */
function isKnownApplied({ since, appliedMs }: QosObject, { seenMs }: Report): boolean {
  return !since.isExact && appliedMs !== undefined && seenMs <= appliedMs;
}

/** Those that are furthest behind come first. */
export function byObserved(counted: readonly Report[], kind: ObjectKind): readonly Observer[] {
  return counted
    .map((report) => ({ report, version: observedBy(report, kind) }))
    .toSorted((a, b) => (isOlder(a.version, b.version) ? -1 : isOlder(b.version, a.version) ? 1 : 0));
}
