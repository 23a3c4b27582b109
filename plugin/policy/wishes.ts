/** Every wish that was found for an attachment, by what it is about: the one that counts, and those that lost. Pure. */
import type { Request } from "../cni/request.ts";
import { ownAnnotations, wishesFor, type Found, type OwnKey } from "./annotations.ts";
import { capWishes, type Cap, type Direction } from "./caps.ts";
import type { Policy } from "./policy.ts";
import { bits } from "./words.ts";

export type Wish = {
  readonly about: string;
  readonly source: string;
  readonly value: string;
  readonly outcome: "counts" | "outranked" | "for another interface";
};

export function listWishes(request: Request, policy: Policy): readonly Wish[] {
  return [
    ...capsOf("ingress", request, policy.ingress),
    ...capsOf("egress", request, policy.egress),
    ...settings(request, policy),
    ...classes(request, policy),
    ...unheard(request),
  ];
}

function capsOf(
  direction: Direction,
  { call, conf, runtime }: Request,
  chosen: Cap | undefined,
): readonly Wish[] {
  const wishes = wishesFor(call.ifname, runtime.annotations);
  const all = capWishes(direction, {
    conf,
    wishes,
    runtime: runtime[direction],
    annotations: runtime.annotations,
  });
  const asked = wishes[`${direction}-burst`];
  const lost = asked === undefined || chosen?.burstSource === `annotation ${asked.key}` ? [] : [asked];
  const burst =
    chosen?.burst === undefined || chosen.burstSource === undefined
      ? []
      : [wish(`${direction} burst`, chosen.burstSource, `${bits(chosen.burst)}bit`, "counts")];
  return [
    ...all.map(({ source, rate }, at) =>
      wish(`${direction} cap`, source, `${bits(rate)}bit/s`, at === 0 ? "counts" : "outranked"),
    ),
    ...burst,
    ...lost.map(({ key, text }) => wish(`${direction} burst`, `annotation ${key}`, text, "outranked")),
  ];
}

function settings({ call, conf, runtime }: Request, { uplink }: Policy): readonly Wish[] {
  const { discipline, dscp } = wishesFor(call.ifname, runtime.annotations);
  const ofClass = uplink?.chosen.dscp;
  return [
    ...firstCounts(subjects.discipline, [annotated(discipline), ["discipline", conf.discipline]]),
    ...firstCounts(subjects.dscp, [
      annotated(dscp),
      ofClass === undefined ? undefined : [`uplink.classes.${uplink?.chosen.name}.dscp`, String(ofClass)],
      conf.defaults.dscp === undefined ? undefined : ["defaults.dscp", String(conf.defaults.dscp)],
    ]),
  ];
}

type Candidate = readonly [source: string, value: string];

function annotated(found: Found | undefined): Candidate | undefined {
  return found === undefined ? undefined : [`annotation ${found.key}`, found.text];
}

function firstCounts(about: string, candidates: readonly (Candidate | undefined)[]): readonly Wish[] {
  return candidates
    .filter((candidate) => candidate !== undefined)
    .map(([source, value], at) => wish(about, source, value, at === 0 ? "counts" : "outranked"));
}

/** The annotation, a podSelector, or what the conf says of pods that nobody speaks of. */
function classes({ conf }: Request, { uplink }: Policy): readonly Wish[] {
  if (uplink === undefined) return [];
  const fallback = conf.defaults.class;
  const isOutranked = fallback !== undefined && uplink.source !== "defaults.class";
  return [
    wish(subjects.class, uplink.source, uplink.chosen.name, "counts"),
    ...(isOutranked ? [wish(subjects.class, "defaults.class", fallback, "outranked")] : []),
  ];
}

/** Annotations of ours that do not speak for this interface, or that one for it alone outranks. */
function unheard({ call, runtime }: Request): readonly Wish[] {
  const heard = wishesFor(call.ifname, runtime.annotations);
  return ownAnnotations(runtime.annotations)
    .filter(({ key, name }) => heard[name]?.key !== key)
    .map(({ key, text, ifname, name }) =>
      wish(
        subjects[name],
        `annotation ${key}`,
        shortened(text),
        ifname === undefined ? "outranked" : "for another interface",
      ),
    );
}

const subjects: Readonly<Record<OwnKey, string>> = {
  "ingress-bandwidth": "ingress cap",
  "egress-bandwidth": "egress cap",
  "ingress-burst": "ingress burst",
  "egress-burst": "egress burst",
  discipline: "discipline",
  dscp: "mark for the rest",
  egress: "rules",
  class: "class of the uplink",
};

function wish(about: string, source: string, value: string, outcome: Wish["outcome"]): Wish {
  return { about, source, value, outcome };
}

function shortened(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
}
