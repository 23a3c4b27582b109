/**
 * A pod that runs and has no record gets the one that ADD writes for a pod without requests. From then on it is a pod like others:
 * the agent decides it anew and changes it (reapply.ts). No tool is started here, unless no process lives in the pod.
 */
import { marksIn, requestFrom, type CachedResult } from "../cni/cached-result.ts";
import type { JsonObject } from "../cni/fields.ts";
import type { Request } from "../cni/request.ts";
import { CniError } from "../errors.ts";
import { netnsId, ownNetnsId } from "../kernel/netns.ts";
import { unlike } from "../kernel/recognise.ts";
import type { Policy } from "../policy/policy.ts";
import { isHeldByAnother } from "../state/holders.ts";
import { hasRecord, writeRecord } from "../state/record-file.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { namesakes } from "../state/store.ts";
import { identityOf } from "./identity.ts";
import { aloneBriefly } from "./lock.ts";
import { recordOf } from "./recording.ts";

export type Adopting = {
  readonly stateDir: string;
  readonly cached: CachedResult;
  /** The entry of the network's present conf, in our spelling. */
  readonly conf: JsonObject;
  /** Whether the runtime has not deleted it, asked again once nobody else works at it. */
  readonly isCached: () => boolean;
  /** A process that lives in a namespace. */
  readonly processIn: (netnsId: string) => string | undefined;
};

export type Adopted =
  | { readonly kind: "adopted"; readonly record: AttachmentRecord }
  /** It has a record by now, or its pod has ended. */
  | { readonly kind: "over" }
  /** The namespace is not the one that the cache speaks of. */
  | { readonly kind: "unlike"; readonly why: string }
  /** The conf cannot be, or something was said that cannot be. */
  | { readonly kind: "refused"; readonly error: CniError }
  /** Somebody else is at work at it. */
  | { readonly kind: "busy"; readonly error: CniError };

export async function adopt(task: Adopting): Promise<Adopted> {
  const { stateDir, cached, conf, processIn } = task;
  const request = requestOrRefusal(cached, conf);
  if (request instanceof CniError) return { kind: "refused", error: request };
  const id = livingNetns(cached.netns);
  if (id === undefined || isKnown(stateDir, request, id)) return { kind: "over" };
  const suspect = { netns: cached.netns, netnsId: id, pid: processIn(id) };
  const why = await unlike(suspect, marksIn(cached));
  if (why !== undefined) return { kind: "unlike", why };
  const lock = { stateDir, identity: identityOf(request), verb: "agent" };
  try {
    return await aloneBriefly(lock, async () => write(task, request, id));
  } catch (error) {
    if (error instanceof CniError) return { kind: "busy", error };
    throw error;
  }
}

const noRequests: Policy = {
  ingress: undefined,
  egress: undefined,
  rules: [],
  discipline: "shape",
  enforce: "auto",
  warnings: [],
};

/** What was seen without the lock may be no more: an ADD or a DEL may have had it meanwhile. */
function write({ stateDir, cached, isCached }: Adopting, request: Request, id: string): Adopted {
  if (!isCached() || livingNetns(cached.netns) !== id || isKnown(stateDir, request, id))
    return { kind: "over" };
  const record = recordOf({ request, policy: noRequests, netnsId: id, uplink: undefined }, undefined, []);
  writeRecord(stateDir, record);
  return { kind: "adopted", record };
}

function requestOrRefusal(cached: CachedResult, conf: JsonObject): Request | CniError {
  try {
    return requestFrom(cached, conf);
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
}

/** undefined where it leads to none, or to the node's own. */
function livingNetns(path: string): string | undefined {
  const id = path === "" ? undefined : netnsId(path);
  return id === ownNetnsId() ? undefined : id;
}

/** Also where a renamed network has it, or the namespace by now is another pod's. */
function isKnown(stateDir: string, request: Request, id: string): boolean {
  const identity = identityOf(request);
  return (
    hasRecord(stateDir, identity) ||
    namesakes(stateDir, identity).length > 0 ||
    isHeldByAnother(stateDir, id, identity)
  );
}
