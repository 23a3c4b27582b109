/** Two readings and what the node has, brought together: what `show` prints, as text or as JSON. Pure. */
import type { SeenClasses } from "../attachment/uplink/faults.ts";
import { goneClass } from "../attachment/uplink/gone-class.ts";
import type { AttachmentRecord } from "../state/record.ts";
import type { UplinkClass } from "../policy/uplink/class.ts";
import type { LabelSource } from "../knowledge/knowledge.ts";
import { stepOf, type Step } from "./step.ts";
import { addressesOf, labelSourceOf, nameOf, podOf } from "./names.ts";
import type { Node, Reading, StandingUplink } from "./node.ts";

export type Report = {
  readonly attachments: readonly AttachmentReport[];
  /** Attachments that cannot be reported, a sentence each. */
  readonly unreadable: readonly string[];
  readonly uplinks: readonly UplinkReport[];
};

/** bit/s and bytes; null where there is none, or it cannot be read. */
export type AttachmentReport = {
  readonly pod: string;
  readonly interface: string;
  readonly network: string;
  readonly container: string;
  /** What the interface is, and where its caps are: "veth", "ipvlan", ... */
  readonly link: string;
  readonly class: string | null;
  /** That its uplink has that class no more, in a sentence; null where it has, or where there is none. */
  readonly gone: string | null;
  readonly addresses: readonly string[];
  /** What is marked by no rule of its own; null where that is left as it is. */
  readonly dscp: number | null;
  readonly rules: number;
  readonly labelsFrom: LabelSource;
  /** Whether it has what is requested now, and why not. */
  readonly step: Step;
  /** What is missing until the node's agent says something of the pod, and why; null where nothing is. */
  readonly pending: string | null;
  readonly sends: Direction;
  readonly receives: Direction;
  /** Packets; null where it was not asked for inside the pod. */
  readonly dropped: number | null;
};

export type Direction = {
  readonly cap: number | null;
  readonly bytes: number | null;
  readonly rate: number | null;
};

export type UplinkReport = {
  readonly device: string;
  readonly rate: number;
  readonly network: string;
  readonly now: number | null;
  /** Sentences, of what is not as it should be; none when all is well, and none while watched. */
  readonly drift: readonly string[];
  /** The kept ones last. */
  readonly classes: readonly ClassReport[];
  /** Classes that the conf has no more, each with the pods that have not left it; none while watched. */
  readonly kept: readonly { readonly name: string; readonly pods: readonly string[] }[];
};

export type ClassReport = {
  readonly name: string;
  readonly id: string;
  readonly guaranteed: number;
  readonly ceiling: number;
  readonly priority: number;
  readonly set: string | null;
  readonly pods: number;
  readonly bytes: number | null;
  readonly dropped: number | null;
  readonly rate: number | null;
};

/** By the place of the attachment and of the uplink. */
export type Findings = {
  readonly drops: readonly (number | undefined)[];
  readonly uplinks: readonly (SeenClasses | undefined)[];
};

export function report(node: Node, before: Reading, after: Reading, { drops, uplinks }: Findings): Report {
  const seconds = (after.atMs - before.atMs) / 1000;
  const rateOf: RateOf = (first, second) =>
    first === undefined || second === undefined || second < first ? null : ((second - first) * 8) / seconds;
  return {
    attachments: node.attachments.map((record, at) => ({
      ...attachment(record, at, before, after, rateOf),
      step: stepOf(node.troubles, record.identity),
      gone: goneFor(record, node.uplinks, uplinks),
      dropped: drops[at] ?? null,
    })),
    unreadable: node.unreadable,
    uplinks: node.uplinks.map((uplink, at) => ({
      ...uplinkReport(uplink, uplinks[at]?.kept ?? [], node, before, after, rateOf),
      drift: uplinks[at]?.faults ?? [],
    })),
  };
}

/** Counters of a link or class that came anew in between start from nothing: no rate then. */
type RateOf = (first: number | undefined, second: number | undefined) => number | null;

function attachment(
  record: AttachmentRecord,
  at: number,
  before: Reading,
  after: Reading,
  rateOf: RateOf,
): Omit<AttachmentReport, "dropped" | "gone" | "step"> {
  const { pod, identity, facts, membership, limits, pending } = record;
  const [first, second] = [before.links[at], after.links[at]];
  return {
    pod: podOf(pod),
    interface: identity.ifname,
    network: identity.network,
    container: identity.containerId,
    link: facts?.podLink.kind ?? "unknown",
    class: membership?.class ?? null,
    addresses: addressesOf(record),
    dscp: limits?.dscp ?? null,
    rules: limits?.rules ?? 0,
    labelsFrom: labelSourceOf(record),
    pending: pending ?? null,
    sends: {
      cap: limits?.egress ?? null,
      bytes: second?.sentBytes ?? null,
      rate: rateOf(first?.sentBytes, second?.sentBytes),
    },
    receives: {
      cap: limits?.ingress ?? null,
      bytes: second?.receivedBytes ?? null,
      rate: rateOf(first?.receivedBytes, second?.receivedBytes),
    },
  };
}

/** Nobody looked which former classes stand: any of them may. A pod that is being deleted has left its class. */
function goneFor(
  { membership }: AttachmentRecord,
  standing: readonly StandingUplink[],
  seen: Findings["uplinks"],
): string | null {
  if (membership === undefined || membership.leaving === true) return null;
  const at = standing.findIndex(({ device }) => device === membership.device);
  const uplink = standing[at];
  const classes = uplink && [...uplink.classes, ...(seen[at]?.kept ?? uplink.former ?? [])];
  return goneClass(membership, classes) ?? null;
}

function uplinkReport(
  { device, rate, network, classes }: StandingUplink,
  kept: readonly UplinkClass[],
  { attachments }: Node,
  before: Reading,
  after: Reading,
  rateOf: RateOf,
): Omit<UplinkReport, "drift"> {
  const countersOf = (reading: Reading, id: string) =>
    reading.classes.get(device)?.find(({ classid }) => classid === id);
  const podsIn = (name: string) =>
    attachments.filter(({ membership }) => membership?.device === device && membership.class === name);
  const rateOfClass = (id: string): number | null =>
    rateOf(countersOf(before, id)?.bytes, countersOf(after, id)?.bytes);
  return {
    device,
    rate,
    network,
    now: rateOfClass("1:1"),
    classes: [...classes, ...kept].map(({ name, minor, rate: guaranteed, ceil, priority, set }) => ({
      name,
      id: `1:${minor}`,
      guaranteed,
      ceiling: ceil,
      priority,
      set: set ?? null,
      pods: podsIn(name).length,
      bytes: countersOf(after, `1:${minor}`)?.bytes ?? null,
      dropped: countersOf(after, `1:${minor}`)?.dropped ?? null,
      rate: rateOfClass(`1:${minor}`),
    })),
    kept: kept.map(({ name }) => ({ name, pods: podsIn(name).map(nameOf) })),
  };
}
