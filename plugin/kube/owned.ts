/** EgressQoS and NetworkQoS, followed for as long as they are ours to apply. */
import type { Log } from "../log.ts";
import type { Connection } from "./connect.ts";
import { ownerOf, type Owner } from "./owner.ts";
import { pause } from "./pause.ts";
import type { Resource } from "./resource.ts";

export type OwnedName = "egressqoses" | "networkqoses";

export type Owned = {
  readonly connection: Connection;
  readonly name: OwnedName;
  /** auto: they are ours where the definition bears our label. */
  readonly objects: "auto" | "on" | "off";
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Until this signal, which ends when they are others'. */
  readonly follow: (resource: Resource, signal: AbortSignal) => void;
  /** They are others', once for each time. */
  readonly onOthers: () => void;
  /** Nobody can say whose they are, and they are not followed. */
  readonly onUnknown: () => void;
};

const versions: Readonly<Record<OwnedName, string>> = { egressqoses: "v1", networkqoses: "v1alpha1" };

export function ownedResource(name: OwnedName): Resource {
  return { group: "k8s.ovn.org", version: versions[name], name };
}

/**
 * Their owner may change: another system is installed or removed. A definition that is missing is followed all the same: its
 * objects count until it has been missing for ten minutes.
 */
export async function followOwned(owned: Owned): Promise<void> {
  const { connection, name, objects, signal, log } = owned;
  let following: AbortController | undefined;
  let last: string | undefined;
  while (!signal.aborted) {
    const owner: Owner = objects === "auto" ? await ownerOf(connection, name, signal) : forced(objects);
    const said = typeof owner === "object" ? owner.unknown : owner;
    const isNew = said !== last && !signal.aborted;
    if (isNew) log(typeof owner === "object" ? "warn" : "info", `${name}: ${inWords[String(owner)] ?? said}`);
    // Begun anew, it is listed at once: a follow of what is missing looks once a minute.
    const isBack = owner === "ours" && last === "missing";
    if (owner === "others" || isBack) {
      following?.abort();
      following = undefined;
    }
    if (owner === "others") {
      if (isNew) owned.onOthers();
    } else if (typeof owner === "object") {
      if (isNew && following === undefined) owned.onUnknown();
    } else if (following === undefined) {
      following = new AbortController();
      owned.follow(ownedResource(name), AbortSignal.any([signal, following.signal]));
    }
    last = said;
    await pause(owner === "ours" ? 60_000 : 5_000, signal);
  }
}

const inWords: Readonly<Record<string, string>> = {
  ours: "followed",
  others:
    "not followed: their definition has no label app.kubernetes.io/part-of: pod-qos, so another system applies them",
  missing: "the cluster has no such definition",
};

function forced(objects: "on" | "off"): Owner {
  return objects === "on" ? "ours" : "others";
}
