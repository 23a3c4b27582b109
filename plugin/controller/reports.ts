/** What nodes report, and which of them are silent. Pure. */
import type { ObjectKind } from "../knowledge/compile.ts";
import { isOlder } from "../kube/version.ts";
import {
  observedKinds,
  type ObjectEntry,
  type ObservedKind,
  type QosNodeStatus,
} from "../report/qos-node.ts";
import type { Liveness } from "./renewals.ts";

/** A QoSNode that an agent has written. */
export type Report = {
  readonly node: string;
  readonly uid: string;
  readonly version: string;
  readonly liveness: Liveness;
  /** When we saw that it was written; -Infinity: it was there when we began. */
  readonly seenMs: number;
  readonly status: Pick<QosNodeStatus, "observed" | "objects" | "unlisted">;
};

const observedAs: Readonly<Record<ObjectKind, ObservedKind>> = {
  EgressQoS: "egressqoses",
  NetworkQoS: "networkqoses",
};

/** The version of the kind that the node has observed; "" for none. */
export function observedBy({ version, status }: Report, kind: ObjectKind): string {
  const observed = status.observed[observedAs[kind]] ?? "";
  // What was observed is older than the report of it, unless the cluster's store was put back from a backup since.
  return isOlder(version, observed) ? "" : observed;
}

/** The newest version of each kind at which an object got its present generation. */
export type Newest = Readonly<Record<ObservedKind, string>>;

/** It is renewed each minute by each node: no sum need be made again for that alone. */
export function isRenewalAlone(was: QosNodeStatus, is: QosNodeStatus, newest: Newest): boolean {
  return observedKinds.every((kind) => hasAll(was, is, kind, newest)) && entriesOf(was) === entriesOf(is);
}

function entriesOf({ objects, unlisted }: QosNodeStatus): string {
  return JSON.stringify([objects, unlisted]);
}

/** It had observed all that there is. */
function hasAll(was: QosNodeStatus, is: QosNodeStatus, kind: ObservedKind, newest: Newest): boolean {
  const [before = "", now = ""] = [was.observed[kind], is.observed[kind]];
  return before === now || (!isOlder(before, newest[kind]) && !isOlder(now, before));
}

/** Those of nodes that are gone are not in it. */
export type ByLiveness = Readonly<Record<Liveness, readonly Report[]>>;

export function byLiveness(reports: readonly Report[], nodes: ReadonlySet<string>): ByLiveness {
  const present = reports.filter(({ node }) => nodes.has(node));
  const of = (which: Liveness): readonly Report[] => present.filter(({ liveness }) => liveness === which);
  return { live: of("live"), unsure: of("unsure"), silent: of("silent") };
}

/** Who lists an object. */
export type Listing = { readonly report: Report; readonly entry: ObjectEntry };

type Identity = Pick<ObjectEntry, "kind" | "namespace" | "name" | "uid">;

export function byUid({ uid }: Identity): string {
  return uid;
}

/** The same for one that was deleted and made anew. */
export function byName({ kind, namespace, name }: Identity): string {
  return `${kind} ${namespace}/${name}`;
}

export function listingsOf(
  reports: readonly Report[],
  keyOf: typeof byUid,
): ReadonlyMap<string, readonly Listing[]> {
  const listings = new Map<string, Listing[]>();
  for (const report of reports)
    for (const entry of report.status.objects) {
      const key = keyOf(entry);
      const sofar = listings.get(key);
      if (sofar === undefined) listings.set(key, [{ report, entry }]);
      else sofar.push({ report, entry });
    }
  return listings;
}
