/** What of an attachment is not as this request wants it, in sentences: the kernel read back and compared. Writes nothing. */
import type { Request } from "../cni/request.ts";
import type { Facts } from "../datapath/driver.ts";
import { tooShortFor } from "../datapath/queues.ts";
import { CniError } from "../errors.ts";
import { readFeatures } from "./features.ts";
import { observe } from "../kernel/observe.ts";
import type { Policy } from "../policy/policy.ts";
import type { Note } from "../program/handler.ts";
import { completed, describe, drift, notes, type Program } from "../program/program.ts";
import { withoutOthers } from "../program/traits.ts";
import { isBare, type AttachmentRecord } from "../state/record.ts";
import { ownBuild } from "./build.ts";
import { asAdded, readFacts } from "./facts.ts";
import { planFor } from "./plan.ts";
import { limitsOf } from "./recording.ts";

/** `notes`: what others have there that is no fault. */
export type Findings = { readonly faults: readonly string[]; readonly notes: readonly Note[] };

export async function driftOf(
  request: Request,
  policy: Policy,
  record: AttachmentRecord | undefined,
): Promise<Findings> {
  const [own, uplink] = await Promise.all([
    record?.facts === undefined
      ? checkAnew(request, policy, record)
      : checkRecorded(request, policy, record, record.facts),
    checkUplink(request, policy, record),
  ]);
  return { ...own, faults: [...own.faults, ...uplink] };
}

/** Reading back what the record lists begins at once; it is what this request wants, unless conf or wishes changed since. */
async function checkRecorded(
  request: Request,
  policy: Policy,
  record: AttachmentRecord,
  // What the kernel could do when the pod was added decided the plan: a module loaded since is no drift.
  added: Facts,
): Promise<Findings> {
  const { netns } = request.call;
  const [observed, found] = await Promise.all([
    observe(record.programs, netns),
    readFacts(request, Promise.resolve(added.features)),
  ]);
  const desired = planFor(request, policy, asAdded(found, added));
  const wanted = withoutOthers(desired.programs, record.programs);
  const unchanged = JSON.stringify(wanted) === JSON.stringify(record.programs);
  const impassable = hasOtherMtu(found, added) ? impassableAt(found, request, policy, record) : [];
  // What another build planned for the same wishes may be other objects, and limits as well: what was applied counts.
  if (!unchanged && record.build !== ownBuild) {
    const seen = observed.map((one) => ({ ...one, program: completed(one.program, wanted) }));
    const faults = [...drift(seen), ...impassable, ...otherLimits(policy, record)];
    return { faults, notes: notes(seen) };
  }
  const seen = unchanged ? observed : await observe(wanted, netns);
  const more = unchanged ? [] : surplus(wanted, record.programs);
  return { faults: [...drift(seen), ...impassable, ...more], notes: notes(seen) };
}

function hasOtherMtu(found: Facts, added: Facts): boolean {
  return found.podLink.mtu !== added.podLink.mtu || found.hostEnd?.mtu !== added.hostEnd?.mtu;
}

/** What can pass no full packet of the MTU that the link has now: what ADD would refuse, and what another build put there. */
function impassableAt(
  found: Facts,
  request: Request,
  policy: Policy,
  record: AttachmentRecord,
): readonly string[] {
  const mtu = Math.max(found.podLink.mtu, found.hostEnd?.mtu ?? 0);
  return [...refusal(found, request, policy), ...tooShortFor(mtu, record.programs)];
}

function refusal(found: Facts, request: Request, policy: Policy): readonly string[] {
  try {
    planFor(request, policy, found);
    return [];
  } catch (error) {
    if (error instanceof CniError) return [error.message];
    throw error;
  }
}

/** What is asked by now against what was asked then, in the figures that the record has. */
function otherLimits(policy: Policy, { limits }: AttachmentRecord): readonly string[] {
  const wanted = limitsOf(policy);
  if (limits === undefined || JSON.stringify(limits) === JSON.stringify(wanted)) return [];
  return [
    `it was added with ${JSON.stringify(limits)}, and ${JSON.stringify(wanted)} is asked for now (bit/s, DSCP, number of rules)`,
  ];
}

async function checkUplink(
  request: Request,
  { uplink }: Policy,
  record: AttachmentRecord | undefined,
): Promise<readonly string[]> {
  const membership = record?.membership;
  if (uplink === undefined) {
    return membership === undefined
      ? []
      : [
          `it is in class ${membership.class} of ${membership.device}, though the conf has no uplink any more`,
        ];
  }
  // The node's, not what it could do when this pod was added: the uplink is what the last ADD of any pod made it.
  const features = readFeatures(request.conf.stateDir, "forget");
  return (await import("./uplink/part.ts")).checkUplink(uplink, request, record, features);
}

/** What ADD made and this conf and these wishes no longer ask for. */
function surplus(wanted: readonly Program[], recorded: readonly Program[]): readonly string[] {
  const asked = new Set(describe(wanted));
  return describe(recorded)
    .filter((name) => !asked.has(name))
    .map((name) => `${name} is there, though nothing asks for it any more`);
}

/** With the record lost, or only begun, DEL would leave things behind, so even a pod whose limits hold is not well. */
async function checkAnew(
  request: Request,
  policy: Policy,
  record: AttachmentRecord | undefined,
): Promise<Findings> {
  const { call, conf } = request;
  const facts = await readFacts(request, readFeatures(conf.stateDir, "forget"));
  const { programs } = planFor(request, policy, facts);
  const lost =
    record === undefined
      ? `its record under ${conf.stateDir} is missing or torn: DEL and GC could not find what to undo`
      : isBare(record)
        ? "when it was added nothing was asked for it"
        : `its record under ${conf.stateDir} is of an ADD that was cut short: DEL and GC would undo its rules and no caps`;
  const seen = await observe(programs, call.netns);
  return { faults: [...drift(seen), lost], notes: notes(seen) };
}
