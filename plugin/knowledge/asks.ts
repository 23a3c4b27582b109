/** What of the API a decision asks for, and what of that has never been listed. Pure. */
import type { Request } from "../cni/request.ts";
import { asksForNetworks } from "../policy/manifests/select.ts";
import type { KnownObjects } from "./knowledge.ts";
import type { KnownResource, ResourceName } from "./snapshot.ts";

export type Asking = {
  readonly pod: Pick<Request["pod"], "namespace">;
  /** An object in a file asks for labels of networks. */
  readonly selectsNetworks?: boolean;
};

/** What an attachment's decision asks for and nobody knows: decided without it, a pod could lose what it has. */
export function unlisted(asking: Asking, objects: KnownObjects): readonly ResourceName[] {
  return askedBy(asking, objects).filter((name) => !isListed(objects.resources[name]));
}

/** "frozen" with a version: what was known last counts. */
export function isListed({ state, version }: KnownResource): boolean {
  switch (state) {
    case "synced":
    case "off":
    case "missing":
      return true;
    case "frozen":
      return version !== undefined;
    case "unsynced":
      return false;
  }
}

/** What a Namespace says may be about any of its pods; of one whose namespace nobody knows no object speaks. */
function askedBy(
  { pod: { namespace }, selectsNetworks = false }: Asking,
  objects: KnownObjects,
): readonly ResourceName[] {
  if (namespace === undefined) return [];
  const policies = objects.policies(namespace);
  const byNetwork =
    selectsNetworks || policies?.networkQos.some(({ networks }) => asksForNetworks(networks)) === true;
  return [
    "egressqoses",
    "networkqoses",
    ...(byNetwork ? (["network-attachment-definitions"] as const) : []),
    "namespaces",
  ];
}
