/** Everything that was requested for an attachment, by what it is about: the one that counts, and those that lost. Pure. */
import type { Request } from "../cni/request.ts";
import {
  namespaceAnnotations,
  namespaceAnnotationsFor,
  ownAnnotations,
  annotationsFor,
  type CeilingKey,
  type Found,
  type OwnKey,
} from "./annotation/annotations.ts";
import type { Cap } from "./cap/cap.ts";
import { annotatedCap, capRequests, type Direction } from "./cap/caps.ts";
import type { Policy } from "./policy.ts";
import { amountWords } from "./words.ts";

export type RequestedValue = {
  readonly about: string;
  readonly source: string;
  readonly value: string;
  readonly outcome: "counts" | "cut" | "outranked" | "ceiling above it" | "for another interface";
};

export function listRequested(request: Request, policy: Policy): readonly RequestedValue[] {
  return [
    ...capsOf("ingress", request, policy.ingress),
    ...capsOf("egress", request, policy.egress),
    ...settings(request, policy),
    ...classes(request, policy),
    ...unheard(request),
  ];
}

function capsOf(direction: Direction, request: Request, chosen: Cap | undefined): readonly RequestedValue[] {
  const { call, conf, runtime, pod } = request;
  const { annotations } = runtime;
  const own = annotationsFor(call.ifname, annotations);
  const namespace = namespaceAnnotationsFor(call.ifname, pod);
  const all = capRequests(direction, { conf, own, namespace, runtime: runtime[direction], annotations });
  const ceiling = annotatedCap(namespace[`max-${direction}-bandwidth`]);
  const isAtCeiling = ceiling !== undefined && chosen?.source === ceiling.source;
  const about = `${direction} cap`;
  const rated = ({ source, rate }: Cap, outcome: RequestedValue["outcome"]): RequestedValue =>
    requestedValue(about, source, `${amountWords(rate)}bit/s`, outcome);
  return [
    ...(isAtCeiling ? [rated(ceiling, "counts")] : []),
    ...all.map((cap, at) => rated(cap, at > 0 ? "outranked" : isAtCeiling ? "cut" : "counts")),
    ...(ceiling === undefined || isAtCeiling ? [] : [rated(ceiling, "ceiling above it")]),
    ...burstsOf(direction, chosen, [own[`${direction}-burst`], namespace[`${direction}-burst`]]),
  ];
}

function burstsOf(
  direction: Direction,
  chosen: Cap | undefined,
  asked: readonly (Found | undefined)[],
): readonly RequestedValue[] {
  const about = `${direction} burst`;
  const lost = asked.filter((found) => found !== undefined && found.field !== chosen?.burstSource);
  return [
    ...(chosen?.burst === undefined || chosen.burstSource === undefined
      ? []
      : [requestedValue(about, chosen.burstSource, `${amountWords(chosen.burst)}bit`, "counts")]),
    ...lost.flatMap((found) =>
      found === undefined ? [] : [requestedValue(about, found.field, found.text, "outranked")],
    ),
  ];
}

function settings({ call, conf, runtime, pod }: Request, { uplink }: Policy): readonly RequestedValue[] {
  const own = annotationsFor(call.ifname, runtime.annotations);
  const namespace = namespaceAnnotationsFor(call.ifname, pod);
  const ofClass = uplink?.chosen.dscp;
  return [
    ...firstCounts(subjects.discipline, [
      annotated(own.discipline),
      annotated(namespace.discipline),
      ["discipline", conf.discipline],
    ]),
    ...firstCounts(subjects.dscp, [
      annotated(own.dscp),
      annotated(namespace.dscp),
      ofClass === undefined ? undefined : [`uplink.classes.${uplink?.chosen.name}.dscp`, String(ofClass)],
      conf.defaults.dscp === undefined ? undefined : ["defaults.dscp", String(conf.defaults.dscp)],
    ]),
  ];
}

type Candidate = readonly [source: string, value: string];

function annotated(found: Found | undefined): Candidate | undefined {
  return found === undefined ? undefined : [found.field, found.text];
}

function firstCounts(
  about: string,
  candidates: readonly (Candidate | undefined)[],
): readonly RequestedValue[] {
  return candidates
    .filter((candidate) => candidate !== undefined)
    .map(([source, value], at) => requestedValue(about, source, value, at === 0 ? "counts" : "outranked"));
}

/** An annotation, a selector, or what the conf says of pods that nobody speaks of. */
function classes({ call, conf, pod }: Request, { uplink }: Policy): readonly RequestedValue[] {
  if (uplink === undefined) return [];
  const { class: ofNamespace } = namespaceAnnotationsFor(call.ifname, pod);
  const { class: fallback } = conf.defaults;
  const others: readonly (Candidate | undefined)[] = [
    annotated(ofNamespace),
    fallback === undefined ? undefined : ["defaults.class", fallback],
  ];
  return [
    requestedValue(subjects.class, uplink.source, uplink.chosen.name, "counts"),
    ...others.flatMap((candidate) =>
      candidate === undefined || candidate[0] === uplink.source
        ? []
        : [requestedValue(subjects.class, candidate[0], candidate[1], "outranked")],
    ),
  ];
}

/** Annotations of ours that do not speak for this interface, or that one for it alone outranks. */
function unheard({ call, runtime, pod }: Request): readonly RequestedValue[] {
  const own = annotationsFor(call.ifname, runtime.annotations);
  const namespace = namespaceAnnotationsFor(call.ifname, pod);
  const ofPod = ownAnnotations(runtime.annotations).filter(({ key, name }) => own[name]?.key !== key);
  const ofNamespace = namespaceAnnotations(pod).filter(({ key, name }) => namespace[name]?.key !== key);
  const lost = own.egress === undefined ? undefined : namespace.egress;
  return [
    ...[...ofPod, ...ofNamespace].map(({ field, text, ifname, name }) =>
      requestedValue(
        subjects[name],
        field,
        shortened(text),
        ifname === undefined ? "outranked" : "for another interface",
      ),
    ),
    ...(lost === undefined
      ? []
      : [requestedValue(subjects.egress, lost.field, shortened(lost.text), "outranked")]),
  ];
}

const subjects: Readonly<Record<OwnKey | CeilingKey, string>> = {
  "ingress-bandwidth": "ingress cap",
  "egress-bandwidth": "egress cap",
  "ingress-burst": "ingress burst",
  "egress-burst": "egress burst",
  discipline: "discipline",
  dscp: "mark for the rest",
  egress: "rules",
  class: "class of the uplink",
  "max-ingress-bandwidth": "ingress cap",
  "max-egress-bandwidth": "egress cap",
};

function requestedValue(
  about: string,
  source: string,
  value: string,
  outcome: RequestedValue["outcome"],
): RequestedValue {
  return { about, source, value, outcome };
}

function shortened(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
}
