/** What of an attachment is not as it should be, in sentences: reads the kernel and compares. Writes nothing. */
import type { Request } from "../cni/request.ts";
import type { Facts } from "../datapath/driver.ts";
import { tooShortFor } from "../datapath/queues.ts";
import { CniError } from "../errors.ts";
import { readFeatures } from "./features.ts";
import { observe } from "../kernel/observe-in-turn.ts";
import { hasRequests } from "../policy/policy.ts";
import type { Note } from "../program/handler.ts";
import { completed, drift, notes, type Program } from "../program/program.ts";
import { asRequested, withoutOthers } from "../program/traits.ts";
import { isBare, type AttachmentRecord } from "../state/record.ts";
import { ownBuild } from "./build.ts";
import type { Decision } from "./decide.ts";
import { asAdded, readFacts, readFactsAndObserve } from "./facts.ts";
import { renamedEnd, withoutEnd } from "./host-end.ts";
import { planFor } from "./plan.ts";
import { hasSameLimits, moved, unapplied, type Now } from "./unapplied.ts";

/** `notes` are no faults: objects of others, and what is requested now and was not applied. */
export type Findings = { readonly faults: readonly string[]; readonly notes: readonly Note[] };

/**
 * The kernel should have what the record holds: what ADD, or the agent since, applied last. What else is requested now is for the
 * next ADD, or the agent, to apply.
 */
export async function attachmentDrift(
  request: Request,
  now: Now,
  record: AttachmentRecord | undefined,
): Promise<Findings> {
  if (record !== undefined && isBare(record)) return { faults: [], notes: unapplied(now, record) };
  if (record?.facts === undefined) return checkAnew(request, decided(now), record);
  const [own, uplink] = await Promise.all([
    checkRecorded(request, now, record, record.facts),
    checkUplink(request, record),
  ]);
  return { faults: [...own.faults, ...uplink], notes: [...own.notes, ...moved(now, record)] };
}

async function checkRecorded(
  request: Request,
  now: Now,
  record: AttachmentRecord,
  // What the kernel could do when the pod was added decided the plan: a module loaded since is no drift.
  added: Facts,
): Promise<Findings> {
  const renamed = renamedEnd(record);
  const programs = renamed === undefined ? record.programs : withoutEnd(record);
  const { observed, found } = await readFactsAndObserve(request, added.features, programs);
  const wanted = wantedNow(request, now, asAdded(found, added), record);
  const impassable = hasOtherMtu(found, added) ? impassableAt(found, request, wanted, record) : [];
  // A former build did not say all of its objects.
  const seen =
    record.build === ownBuild
      ? observed
      : observed.map((one) => ({ ...one, program: completed(one.program, wanted.programs) }));
  const cutShort = record.unfinished === true ? [changing] : [];
  const elsewhere = renamed === undefined ? [] : [nameOfEnd(record, added, renamed)];
  // Without the end's name the plan of now is one for a pod without it.
  const isComparable = wanted.isSame || renamed !== undefined;
  return {
    faults: [...cutShort, ...elsewhere, ...drift(seen), ...impassable],
    notes: [...notes(seen), ...(isComparable ? [] : unapplied(now, record, wanted.programs))],
  };
}

function nameOfEnd({ identity }: AttachmentRecord, { hostEnd }: Facts, renamed: string): string {
  return (
    `the node's end of ${identity.ifname} is called ${renamed} and was ${hostEnd?.name} when it was added: ` +
    `what is on it is found by that name ("ip link set dev ${renamed} name ${hostEnd?.name}" while it is down)`
  );
}

const changing =
  "a change of it is going on or was interrupted: its record lists both the old and the new objects";

type Wanted = {
  readonly decision: Decision | undefined;
  readonly programs: readonly Program[];
  /** What is requested now is what was applied. */
  readonly isSame: boolean;
};

/** Another build may plan other objects for the same requests, which limit as well: then the limits are compared. */
function wantedNow(request: Request, now: Now, facts: Facts, record: AttachmentRecord): Wanted {
  if (now instanceof CniError) return { decision: undefined, programs: [], isSame: false };
  try {
    const programs = withoutOthers(planFor(request, now, facts).programs, record.programs);
    const isSame =
      record.build === ownBuild
        ? JSON.stringify(asRequested(programs)) === JSON.stringify(asRequested(record.programs))
        : hasSameLimits(now, record);
    return { decision: now, programs, isSame };
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    return { decision: undefined, programs: [], isSame: false };
  }
}

function hasOtherMtu(found: Facts, added: Facts): boolean {
  return found.podLink.mtu !== added.podLink.mtu || found.hostEnd?.mtu !== added.hostEnd?.mtu;
}

/** What can pass no full packet of the MTU that the link has now: what ADD would refuse, and what another build put there. */
function impassableAt(
  found: Facts,
  request: Request,
  { decision, isSame }: Wanted,
  record: AttachmentRecord,
): readonly string[] {
  const mtu = Math.max(found.podLink.mtu, found.hostEnd?.mtu ?? 0);
  const refused = isSame && decision !== undefined ? refusal(found, request, decision) : [];
  return [...refused, ...tooShortFor(mtu, record.programs)];
}

function refusal(found: Facts, request: Request, decision: Decision): readonly string[] {
  try {
    planFor(request, decision, found);
    return [];
  } catch (error) {
    if (error instanceof CniError) return [error.message];
    throw error;
  }
}

async function checkUplink({ conf }: Request, { membership }: AttachmentRecord): Promise<readonly string[]> {
  if (membership === undefined) return [];
  return (await import("./uplink/faults.ts")).membershipDrift(conf.stateDir, membership);
}

function decided(now: Now): Decision {
  if (now instanceof CniError) throw now;
  return now;
}

/** With the record lost, or only begun, DEL would leave things behind, so even a pod whose limits hold is not well. */
async function checkAnew(
  request: Request,
  decision: Decision,
  record: AttachmentRecord | undefined,
): Promise<Findings> {
  const { call, conf } = request;
  const { leftoverFaults } = await import("./leftovers.ts");
  if (record === undefined && !hasRequests(decision))
    return { faults: await leftoverFaults(request, []).catch(() => []), notes: [] };
  const features = readFeatures(conf.stateDir, "forget");
  const facts = await readFacts(request, features);
  const { programs } = planFor(request, decision, facts);
  const lost =
    record === undefined
      ? `its record under ${conf.stateDir} is missing or torn: DEL and GC could not find what to undo`
      : `its record under ${conf.stateDir} is of an ADD that was cut short: DEL and GC would undo its rules and no caps`;
  const [seen, left, uplink] = await Promise.all([
    observe(programs, call.netns),
    leftoverFaults(request, programs),
    decision.uplink === undefined
      ? []
      : (await import("./uplink/part.ts")).checkUplink(decision.uplink, request, record, features),
  ]);
  return { faults: [...drift(seen), ...left, lost, ...uplink], notes: notes(seen) };
}
