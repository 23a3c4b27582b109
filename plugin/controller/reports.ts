/** What nodes report, and which of them are silent. Pure. */
import type { ObjectKind } from "../knowledge/compile.ts";
import { isOlder } from "../kube/version.ts";
import type { ObjectEntry, ObservedKind, QosNodeStatus } from "../report/qos-node.ts";

/** A QoSNode that an agent has written. */
export type Report = {
  readonly node: string;
  readonly uid: string;
  readonly version: string;
  /** When its agent was last heard, by our clock. */
  readonly heardMs: number;
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

/** Live: heard within this time. The others are silent. Those of nodes that are gone are neither. */
export type Hearing = { readonly live: readonly Report[]; readonly silent: readonly Report[] };

export function hearingOf(
  reports: readonly Report[],
  nodes: ReadonlySet<string>,
  nowMs: number,
  silentAfterMs: number,
): Hearing {
  const present = reports.filter(({ node }) => nodes.has(node));
  const isLive = ({ heardMs }: Report): boolean => nowMs - heardMs <= silentAfterMs;
  return { live: present.filter(isLive), silent: present.filter((report) => !isLive(report)) };
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
