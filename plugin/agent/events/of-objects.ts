/** Objects of the API that cannot be applied as they are. Pure. */
import type { KnownPod } from "../../knowledge/pod.ts";
import type { KnownObject, Snapshot } from "../../knowledge/snapshot.ts";
import { apiVersions } from "../../policy/manifests/object.ts";
import type { Subject } from "./event.ts";

export type Faulty = { readonly subject: Subject; readonly note: string };

/**
 * Every node sees them all. Those report one that have a pod of its namespace; the first Event with its words counts for all of
 * them.
 */
export function faultyAmong({ objects }: Snapshot, pods: Iterable<KnownPod>): readonly Faulty[] {
  const faulty = objects.filter(({ fault, keptFor }) => fault !== undefined && keptFor === undefined);
  if (faulty.length === 0) return [];
  const here = new Set(Array.from(pods, ({ namespace }) => namespace));
  return faulty.filter(({ namespace }) => here.has(namespace)).map(faultyOf);
}

function faultyOf({ kind, namespace, name, uid, fault = "", form }: KnownObject): Faulty {
  const rest = form === undefined ? "nothing of it is applied" : "its last valid form counts";
  return {
    subject: { apiVersion: apiVersions[kind], kind, namespace, name, uid },
    note: `${fault}: ${rest}`,
  };
}
