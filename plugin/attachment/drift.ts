/** What of an attachment is not as it should be, in sentences: the kernel read back and compared. Writes nothing. */
import type { Request } from "../cni/request.ts";
import type { Facts } from "../datapath/driver.ts";
import { tooShortFor } from "../datapath/queues.ts";
import { CniError } from "../errors.ts";
import { readFeatures } from "./features.ts";
import { observe } from "../kernel/observe.ts";
import { hasWishes } from "../policy/policy.ts";
import type { Note } from "../program/handler.ts";
import { completed, describe, drift, notes, type Program } from "../program/program.ts";
import { withoutOthers } from "../program/traits.ts";
import { isBare, type AttachmentRecord } from "../state/record.ts";
import { ownBuild } from "./build.ts";
import type { Decision } from "./decide.ts";
import { asAdded, readFacts } from "./facts.ts";
import { planFor } from "./plan.ts";
import { limitsOf } from "./recording.ts";

/** `notes`: what is no fault: what others have there, and what is asked for by now and was not applied. */
export type Findings = { readonly faults: readonly string[]; readonly notes: readonly Note[] };

/** `now`: what conf, wishes and API come to today, or why they come to nothing. */
export type Now = Decision | CniError;

/**
 * What was applied last is what the record holds, and that is what the kernel should have: by ADD, or by the agent since. Where
 * something else is asked for by now, that is for the next ADD, or the agent, to apply.
 */
export async function driftOf(
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
  const { netns } = request.call;
  const [observed, found] = await Promise.all([
    observe(record.programs, netns),
    readFacts(request, Promise.resolve(added.features)),
  ]);
  const wanted = wantedNow(request, now, asAdded(found, added), record);
  const impassable = hasOtherMtu(found, added) ? impassableAt(found, request, wanted, record) : [];
  // A former build did not say all of its objects.
  const seen =
    record.build === ownBuild
      ? observed
      : observed.map((one) => ({ ...one, program: completed(one.program, wanted.programs) }));
  const cutShort = record.unfinished === true ? [changing] : [];
  return {
    faults: [...cutShort, ...drift(seen), ...impassable],
    notes: [...notes(seen), ...(wanted.isSame ? [] : unapplied(now, record, wanted.programs))],
  };
}

const changing =
  "a change of it is going on or was interrupted: its record lists both the old and the new objects";

type Wanted = {
  readonly decision: Decision | undefined;
  readonly programs: readonly Program[];
  /** What is asked for today is what was applied. */
  readonly isSame: boolean;
};

/** Another build may plan other objects for the same wishes, which limit as well: then what they come to is compared. */
function wantedNow(request: Request, now: Now, facts: Facts, record: AttachmentRecord): Wanted {
  if (now instanceof CniError) return { decision: undefined, programs: [], isSame: false };
  try {
    const programs = withoutOthers(planFor(request, now, facts).programs, record.programs);
    const isSame =
      record.build === ownBuild
        ? JSON.stringify(programs) === JSON.stringify(record.programs)
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

/** Also of a record of 0.1.0, which did not say them. */
function hasSameLimits(now: Decision, { limits }: AttachmentRecord): boolean {
  return limits === undefined || JSON.stringify(limits) === JSON.stringify(limitsOf(now));
}

/** What is asked for by now in place of what the pod has: no fault of what it has. */
function unapplied(now: Now, record: AttachmentRecord, wanted: readonly Program[] = []): readonly Note[] {
  if (now instanceof CniError) return [note(`what is requested now is invalid: ${now.message}`)];
  if (isBare(record)) {
    return hasWishes(now) ? [note(`nothing was requested when it was added; now ${figures(now)}`)] : [];
  }
  if (!hasWishes(now)) return [note("it has limits that nothing requests any more")];
  if (!hasSameLimits(now, record)) {
    return [note(`it has ${JSON.stringify(record.limits)}; now ${figures(now)}`)];
  }
  const has = new Set(describe(record.programs));
  const asked = describe(wanted);
  const names = [
    ...asked.filter((name) => !has.has(name)),
    ...[...has].filter((name) => !asked.includes(name)),
  ];
  return [note(`other kernel objects are requested now${names.length === 0 ? "" : `: ${names.join(", ")}`}`)];
}

function figures(now: Decision): string {
  return `${JSON.stringify(limitsOf(now))} is requested (bit/s, DSCP, number of rules)`;
}

function note(text: string): Note {
  const how =
    "ADD it again, or let the node's agent apply it (of two entries of pod-qos in one conflist the later replaces the former)";
  return { level: "warn", text: `${text}: ${how}` };
}

async function checkUplink({ conf }: Request, { membership }: AttachmentRecord): Promise<readonly string[]> {
  if (membership === undefined) return [];
  return (await import("./uplink/faults.ts")).membershipDrift(conf.stateDir, membership);
}

function moved(now: Now, { membership }: AttachmentRecord): readonly Note[] {
  const chosen = now instanceof CniError ? undefined : now.uplink;
  if (now instanceof CniError || (membership === undefined && chosen === undefined)) return [];
  const has = membership === undefined ? "no class" : `class ${membership.class} of ${membership.device}`;
  const asked = chosen === undefined ? "no class" : `class ${chosen.chosen.name} of ${chosen.uplink.device}`;
  return has === asked ? [] : [note(`it is in ${has}; now ${asked} is requested`)];
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
  if (record === undefined && !hasWishes(decision)) return { faults: [], notes: [] };
  const features = readFeatures(conf.stateDir, "forget");
  const facts = await readFacts(request, features);
  const { programs } = planFor(request, decision, facts);
  const lost =
    record === undefined
      ? `its record under ${conf.stateDir} is missing or torn: DEL and GC could not find what to undo`
      : `its record under ${conf.stateDir} is of an ADD that was cut short: DEL and GC would undo its rules and no caps`;
  const [seen, uplink] = await Promise.all([
    observe(programs, call.netns),
    decision.uplink === undefined
      ? []
      : (await import("./uplink/part.ts")).checkUplink(decision.uplink, request, record, features),
  ]);
  return { faults: [...drift(seen), lost, ...uplink], notes: notes(seen) };
}
