/** When the API has said enough to decide by, and what counts until then. Pure. */
import { isListed } from "../../knowledge/asks.ts";
import {
  resourceNames,
  type KnownResource,
  type ResourceName,
  type ResourceState,
  type Snapshot,
} from "../../knowledge/snapshot.ts";
import { asksForNetworks } from "../../policy/manifests/select.ts";
import { withSnapshot, type ApiView } from "./view.ts";
import type { OnDemandResource } from "../api/resource-update.ts";

/** The resources followed on demand that a selector, of an object or in a file, asks for. */
export function askedFor({ snapshot }: ApiView, filesSelectNetworks = false): readonly OnDemandResource[] {
  const byNetwork =
    filesSelectNetworks ||
    snapshot.objects.some(
      (object) =>
        object.kind === "NetworkQoS" && object.form !== undefined && asksForNetworks(object.form.networks),
    );
  return byNetwork ? ["network-attachment-definitions"] : [];
}

/**
 * An agent that starts has seen no list yet; a version says what a former run knew. What was off or missing stays so until the
 * API says otherwise.
 */
export function asUnsynced(view: ApiView): ApiView {
  return withStates(view, ({ state }) => (state === "off" || state === "missing" ? state : "unsynced"));
}

/** For an agent that cannot wait longer: it decides by what the former one knew. */
export function asFrozen(view: ApiView): ApiView {
  return withStates(view, ({ state, version }) =>
    state === "unsynced" && version !== undefined ? "frozen" : state,
  );
}

function withStates(view: ApiView, stateOf: (is: KnownResource) => ResourceState): ApiView {
  const resources = Object.fromEntries(
    resourceNames.map((name) => {
      const is = view.snapshot.resources[name];
      return [name, { ...is, state: stateOf(is) }] as const;
    }),
  ) as Snapshot["resources"];
  return withSnapshot(view, { ...view.snapshot, resources });
}

/** What has to be known before the first decision, and is not known yet. */
export function awaited(view: ApiView, filesSelectNetworks = false): readonly ResourceName[] {
  const { resources } = view.snapshot;
  const others = (
    ["egressqoses", "networkqoses", "namespaces", ...askedFor(view, filesSelectNetworks)] as const
  ).filter((name) => resources[name].state === "unsynced");
  return [...(resources.pods.state === "synced" ? [] : (["pods"] as const)), ...others];
}

/** All that every decision needs is known, by whoever. */
export function isRestored({ snapshot: { resources } }: ApiView): boolean {
  return (["egressqoses", "networkqoses", "namespaces"] as const).every((name) => isListed(resources[name]));
}
