/** When the API has said enough to decide by, and what counts until then. Pure. */
import type { JsonObject } from "../cni/fields.ts";
import { asksForNamespaces, asksForNetworks, isListed } from "../knowledge/asks.ts";
import {
  resourceNames,
  type KnownResource,
  type ResourceName,
  type ResourceState,
  type Snapshot,
} from "../knowledge/snapshot.ts";
import { withSnapshot, type Known } from "./known.ts";
import type { OnDemand } from "./told.ts";

/** Of the resources that are followed only where a selector asks, those that one asks for. */
export function askedFor({ snapshot }: Known, confs: readonly JsonObject[]): readonly OnDemand[] {
  const byNetwork = snapshot.objects.some(
    (object) =>
      object.kind === "NetworkQoS" && object.form !== undefined && asksForNetworks(object.form.networks),
  );
  const byClass = confs.some(asksForNamespaces);
  return [
    ...(byNetwork ? (["network-attachment-definitions"] as const) : []),
    ...(byNetwork || byClass ? (["namespaces"] as const) : []),
  ];
}

/** At its start an agent has heard of nothing; versions tell what a former run knew. What was not ours is not until it is said. */
export function unheard(known: Known): Known {
  return withStates(known, ({ state }) => (state === "off" || state === "missing" ? state : "unsynced"));
}

/** For who cannot wait longer: what was known before is gone by. */
export function byFormer(known: Known): Known {
  return withStates(known, ({ state, version }) =>
    state === "unsynced" && version !== undefined ? "frozen" : state,
  );
}

function withStates(known: Known, stateOf: (is: KnownResource) => ResourceState): Known {
  const resources = Object.fromEntries(
    resourceNames.map((name) => {
      const is = known.snapshot.resources[name];
      return [name, { ...is, state: stateOf(is) }] as const;
    }),
  ) as Snapshot["resources"];
  return withSnapshot(known, { ...known.snapshot, resources });
}

/** What has to be known before the first decision, and has not been heard of. */
export function awaited(known: Known, confs: readonly JsonObject[]): readonly ResourceName[] {
  const { resources } = known.snapshot;
  const others = (["egressqoses", "networkqoses", ...askedFor(known, confs)] as const).filter(
    (name) => resources[name].state === "unsynced",
  );
  return [...(resources.pods.state === "synced" ? [] : (["pods"] as const)), ...others];
}

/** All objects are known, by whoever. */
export function isRestored({ snapshot: { resources } }: Known): boolean {
  return isListed(resources.egressqoses) && isListed(resources.networkqoses);
}
