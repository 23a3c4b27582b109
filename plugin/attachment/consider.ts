/** What an attachment that runs shall have by now, held against its record. Starts no process and changes nothing. */
import type { JsonObject } from "../cni/fields.ts";
import type { Request } from "../cni/request.ts";
import { CniError } from "../errors.ts";
import { unlisted } from "../knowledge/asks.ts";
import type { Knowledge, KnownObjects } from "../knowledge/knowledge.ts";
import { hasRequests, type Policy } from "../policy/policy.ts";
import { withoutOthers } from "../program/traits.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { requestOf } from "./again.ts";
import { isEqual } from "./equal.ts";
import { addressesLacking, assertFindsDestinations, decide, type Decision } from "./decide.ts";
import { keepingDestinations } from "./kept-destinations.ts";
import { lifeOf } from "./live.ts";
import { planFor } from "./plan.ts";
import { recordOf } from "./recording.ts";
import type { UplinkPart } from "./uplink/part.ts";

export type Considered = Came & {
  /** The pods that its rules name as destinations; undefined where nothing was decided. */
  readonly asks?: Decision["destinations"] | undefined;
};

type Came =
  | ({ readonly kind: "same" } & Partly)
  | Differing
  /** Its namespace has ended without DEL. */
  | { readonly kind: "gone" }
  /** It is being deleted, or has been. */
  | { readonly kind: "ended" }
  /** Whether its namespace lives cannot be seen from here. */
  | { readonly kind: "hidden" }
  /** It has not ended, and nothing is known to decide it by. */
  | { readonly kind: "alive" }
  /** Its record does not say what was asked. */
  | { readonly kind: "incomplete" }
  /** What it asks for is not known (any more): resources, selectors. It keeps what it has until that is. */
  | { readonly kind: "waiting"; readonly lacks: readonly string[] }
  /** What is asked cannot be. */
  | { readonly kind: "refused"; readonly error: CniError };

/** What does not count while the rest does. */
export type Partly = {
  /** Of its requests, and why. */
  readonly rejected?: string | undefined;
  /** Rules whose destinations are not all known, by their source: they keep what they have. */
  readonly addressless?: readonly string[] | undefined;
};

export type Differing = Partly & {
  readonly kind: "differs";
  readonly request: Request;
  readonly policy: Policy;
  readonly uplink: UplinkPart | undefined;
  /** undefined where the pod's link has to be looked at first: until now nothing was asked for it. */
  readonly wanted: AttachmentRecord | undefined;
  /** Only in what the record says beside: no object of the kernel is another. */
  readonly isInWordsAlone: boolean;
};

/** By what an attachment is decided anew. */
export type Ground = {
  /** The entry of the network's conflist, in our spelling; undefined: that of the record. */
  readonly conf: JsonObject | undefined;
  /** undefined where no API is followed. */
  readonly knowledge: Knowledge | undefined;
  /** Nothing is known to decide it by: it may be undone if it has ended, and no more. */
  readonly undoOnly?: boolean;
};

export async function consider(
  stateDir: string,
  record: AttachmentRecord,
  { conf, knowledge, undoOnly = false }: Ground,
): Promise<Considered> {
  if (record.membership?.leaving === true) return { kind: "ended" };
  const life = lifeOf(stateDir, record);
  if (life !== "live") return { kind: life === "ended" ? "gone" : "hidden" };
  if (undoOnly) return { kind: "alive" };
  try {
    const request = requestOf(record, conf);
    if (request === undefined) return { kind: "incomplete" };
    const lacking = knowledge?.objects ? lackingOf(request, knowledge.objects) : [];
    if (lacking.length > 0) return { kind: "waiting", lacks: lacking };
    const decision = await decide(request, "keep", knowledge, {
      runsIn: { class: record.membership?.class },
    });
    assertFindsDestinations(decision, knowledge);
    const lacks = lackedBy(decision, record, unreadFor(request, decision, knowledge));
    const came =
      lacks.length > 0
        ? ({ kind: "waiting", lacks } as const)
        : await against(record, request, keeping(decision, record));
    return { ...came, asks: decision.destinations };
  } catch (error) {
    if (error instanceof CniError) return { kind: "refused", error };
    throw error;
  }
}

/** A pod of a namespace that is not there is no such pod: one of the two lists is behind. */
function lackingOf(request: Request, objects: KnownObjects): readonly string[] {
  const { namespace } = request.pod;
  const isAbsent = namespace !== undefined && objects.namespace(namespace) === "absent";
  return [...unlisted(request, objects), ...(isAbsent ? [`namespace ${namespace}`] : [])];
}

/** What objects in files ask of the API, where one is followed. */
function unreadFor(
  { pod }: Request,
  { selectsNetworks }: Decision,
  knowledge: Knowledge | undefined,
): readonly string[] {
  if (knowledge?.source !== "agent" || knowledge.objects === undefined) return [];
  return unlisted({ pod, selectsNetworks }, knowledge.objects);
}

/** What it has stays until this is known. */
function lackedBy(
  { undecided }: Decision,
  record: AttachmentRecord,
  unread: readonly string[],
): readonly string[] {
  if (unread.length > 0) return unread;
  return wasKnown(record) ? undecided : [];
}

/** A rule that had addresses is not to lose them: it has them until those of the pods that it names now are known. */
function keeping(decision: Decision, { programs }: AttachmentRecord): Decision {
  const { rules, addressless } = decision;
  if (addressless.length === 0) return decision;
  return {
    ...decision,
    rules: keepingDestinations(rules, addressless, programs),
    pending: `the node's agent does not know yet: ${addressesLacking(addressless).join(", ")}`,
  };
}

/** What it has was decided with its labels. Where they never were known there is nothing to lose, and the rest is followed. */
function wasKnown({ labelsFrom }: AttachmentRecord): boolean {
  return labelsFrom === "agent" || labelsFrom === "stale";
}

async function against(record: AttachmentRecord, request: Request, policy: Decision): Promise<Considered> {
  const uplink = policy.uplink && (await import("./uplink/part.ts")).uplinkPart(policy.uplink, request);
  const rejected = policy.uplink?.rejected;
  const { addressless } = policy;
  const partly: Partly = {
    ...(rejected !== undefined && { rejected }),
    ...(addressless.length > 0 && { addressless }),
  };
  const decided = { request, policy, netnsId: record.netnsId, uplink };
  if (hasRequests(policy) && record.facts === undefined)
    return {
      kind: "differs",
      request,
      policy,
      uplink,
      wanted: undefined,
      isInWordsAlone: false,
      ...partly,
    };
  const plan = record.facts && hasRequests(policy) ? planFor(request, policy, record.facts) : undefined;
  const wanted = recordOf(decided, plan, plan?.programs ?? []);
  const isInWordsAlone = hasSameObjects(wanted, record);
  if (isInWordsAlone && saysSame(wanted, record)) return { kind: "same", ...partly };
  return { kind: "differs", request, policy, uplink, wanted, isInWordsAlone, ...partly };
}

/** What others had made before us is in the plan and not in the record: it is not ours. */
function hasSameObjects(wanted: AttachmentRecord, record: AttachmentRecord): boolean {
  const programs = withoutOthers(wanted.programs, record.programs).filter(
    ({ objects }) => objects.length > 0,
  );
  return (
    record.unfinished !== true &&
    isEqual(programs, record.programs) &&
    isEqual(wanted.membership ?? null, record.membership ?? null)
  );
}

function saysSame(wanted: AttachmentRecord, record: AttachmentRecord): boolean {
  return (
    isEqual(wanted.limits ?? null, record.limits ?? null) &&
    isEqual(wanted.sources ?? null, record.sources ?? null) &&
    isEqual(wanted.asked ?? null, record.asked ?? null) &&
    hasSameUplink(wanted, record) &&
    wanted.build === record.build &&
    wanted.labelsFrom === record.labelsFrom &&
    wanted.pending === record.pending
  );
}

/** The order of its classes counts. A conf that is too long for the record says nothing. */
export function hasSameUplink(wanted: AttachmentRecord, record: AttachmentRecord): boolean {
  const [its, said] = [wanted.asked?.conf, record.asked?.conf];
  if (its === undefined || said === undefined) return true;
  return JSON.stringify(its["uplink"]) === JSON.stringify(said["uplink"]);
}
