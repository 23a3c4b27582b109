/** Every wish that was found for an attachment, by what it is about: the one that counts, and those that lost. Pure. */
import type { Request } from "../cni/request.ts";
import { ownAnnotations, wishesFor, type OwnKey } from "./annotations.ts";
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
    ...settings(request),
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
  const burst =
    chosen?.burst === undefined || chosen.burstSource === undefined
      ? []
      : [wish(`${direction} burst`, chosen.burstSource, `${bits(chosen.burst)}bit`, "counts")];
  return [
    ...all.map(({ source, rate }, at) =>
      wish(`${direction} cap`, source, `${bits(rate)}bit/s`, at === 0 ? "counts" : "outranked"),
    ),
    ...burst,
  ];
}

/** What has one value: the annotation's, or the conf's. */
function settings({ call, conf, runtime }: Request): readonly Wish[] {
  const { discipline, dscp } = wishesFor(call.ifname, runtime.annotations);
  const pairs = [
    { about: "discipline", annotation: discipline, field: "discipline", fallback: conf.discipline },
    { about: "mark for the rest", annotation: dscp, field: "defaults.dscp", fallback: conf.defaults.dscp },
  ];
  return pairs.flatMap(({ about, annotation, field, fallback }) => [
    ...(annotation === undefined
      ? []
      : [wish(about, `annotation ${annotation.key}`, annotation.text, "counts")]),
    ...(fallback === undefined
      ? []
      : [wish(about, field, String(fallback), annotation === undefined ? "counts" : "outranked")]),
  ]);
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
