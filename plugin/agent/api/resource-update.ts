/** What following the API gives. Pure types. */
import type { JsonObject } from "../../cni/fields.ts";
import type { KnownResource, ResourceName } from "../../knowledge/snapshot.ts";

/** What a resource is by now: `items` undefined where not all of them are known. */
export type ResourceUpdate = {
  readonly resource: ResourceName;
  readonly is: KnownResource;
  readonly items: readonly JsonObject[] | undefined;
  /** Namespaces that objects are gone from, for they are being deleted themselves. */
  readonly leaving?: readonly string[];
};

/** As logs and metrics name what is followed; "destinations": pods that rules name, wherever they are. */
export type FollowedName = ResourceName | "destinations";

/** What is followed only where a selector asks for it. */
export type OnDemandResource = "network-attachment-definitions";
