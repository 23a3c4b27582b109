/** EgressQoS and NetworkQoS, followed for as long as they are ours to apply. */
import type { Connection } from "../../kube/connect.ts";
import { ownerOf, type Owner } from "../../kube/owner.ts";
import { pause } from "../../kube/pause.ts";
import type { Resource } from "../../kube/resource.ts";
import type { Log } from "../../log.ts";
import { followOne, type Handlers } from "./following.ts";
import type { Options } from "../options.ts";

export type Owned = Handlers & Pick<Options, "objects"> & { readonly log: Log; readonly signal: AbortSignal };

const versions = { egressqoses: "v1", networkqoses: "v1alpha1" } as const;

/**
 * Their owner may change: another system is installed or removed. A definition that is missing is followed all the same: its
 * objects count until it has been missing for ten minutes.
 */
export async function followObjects(
  owned: Owned,
  connection: Connection,
  name: "egressqoses" | "networkqoses",
): Promise<void> {
  const { objects, signal, log, onUpdate } = owned;
  const resource: Resource = { group: "k8s.ovn.org", version: versions[name], name };
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
      if (isNew) onUpdate({ resource: name, is: { state: "off" }, items: undefined });
    } else if (typeof owner === "object") {
      if (isNew && following === undefined)
        onUpdate({ resource: name, is: { state: "frozen" }, items: undefined });
    } else if (following === undefined) {
      following = new AbortController();
      followOne(owned, connection, name, resource, AbortSignal.any([signal, following.signal]));
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
