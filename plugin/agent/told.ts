/** What the API side tells the loop. Pure types. */
import type { JsonObject } from "../cni/fields.ts";
import type { KnownResource, ResourceName } from "../knowledge/snapshot.ts";

/** What a resource is by now: `items` undefined where not all of them are known. */
export type Told = {
  readonly resource: ResourceName;
  readonly is: KnownResource;
  readonly items: readonly JsonObject[] | undefined;
};

/** What is followed only where somebody asks for it. */
export type OnDemand = "namespaces" | "network-attachment-definitions";
