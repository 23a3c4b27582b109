/**
 * What this attachment shall have, decided from every place a wish can come from. Pure.
 * Every wish is checked, also one that another outranks: a typo is a typo.
 */
import { invalidValue } from "../errors.ts";
import { disciplines, type Conf, type Discipline, type Enforce } from "../cni/conf.ts";
import type { Annotations, Request } from "../cni/request.ts";
import { ownAnnotations, wishesFor, type OwnKey, type Wishes } from "./annotations.ts";
import { annotatedCap, chooseCap, defaultCap, staticCap, type Cap, type Direction } from "./caps.ts";
import { parseDscp, type Dscp } from "./dscp.ts";
import { parseBandwidth, parseBurst } from "./quantity.ts";

export type Mark = { readonly dscp: Dscp; readonly source: string };

export type Policy = {
  readonly ingress: Cap | undefined;
  readonly egress: Cap | undefined;
  readonly mark: Mark | undefined;
  readonly discipline: Discipline;
  readonly enforce: Enforce;
};

export function decidePolicy({ call, conf, runtime }: Request): Policy {
  validateAnnotations(runtime.annotations);
  const wishes = wishesFor(call.ifname, runtime.annotations);
  const cap = (direction: Direction): Cap | undefined =>
    chooseCap(direction, { conf, wishes, runtime: runtime[direction], annotations: runtime.annotations });
  return {
    ingress: cap("ingress"),
    egress: cap("egress"),
    mark: chooseMark(conf, wishes),
    discipline: chooseDiscipline(conf, wishes),
    enforce: conf.enforce,
  };
}

export function hasWishes(policy: Policy): boolean {
  return policy.ingress !== undefined || policy.egress !== undefined || policy.mark !== undefined;
}

/** What the conf alone can get wrong; STATUS tells it before the first pod finds out. */
export function validateConf(conf: Conf): void {
  for (const direction of ["ingress", "egress"] as const) {
    staticCap(direction, conf[direction]);
    defaultCap(direction, conf);
  }
  chooseMark(conf, {});
}

function chooseMark({ defaults }: Conf, wishes: Wishes): Mark | undefined {
  const fallback =
    defaults.dscp === undefined
      ? undefined
      : { dscp: parseDscp("defaults.dscp", defaults.dscp), source: "defaults.dscp" };
  if (wishes.dscp === undefined) return fallback;
  const source = `annotation ${wishes.dscp.key}`;
  return { dscp: parseDscp(source, wishes.dscp.text), source };
}

function chooseDiscipline({ discipline }: Conf, wishes: Wishes): Discipline {
  return wishes.discipline === undefined
    ? discipline
    : parseDiscipline(`annotation ${wishes.discipline.key}`, wishes.discipline.text);
}

function parseDiscipline(field: string, text: string): Discipline {
  const discipline = disciplines.find((known) => known === text);
  if (discipline === undefined) throw invalidValue(field, text, `one of ${disciplines.join(", ")}`);
  return discipline;
}

/** How each annotation of ours is read, whichever interface it speaks of. */
const readers: Readonly<Record<OwnKey, (field: string, text: string) => unknown>> = {
  "ingress-bandwidth": parseBandwidth,
  "egress-bandwidth": parseBandwidth,
  "ingress-burst": parseBurst,
  "egress-burst": parseBurst,
  discipline: parseDiscipline,
  dscp: parseDscp,
};

function validateAnnotations(annotations: Annotations): void {
  for (const { key, text, name } of ownAnnotations(annotations)) readers[name](`annotation ${key}`, text);
  for (const direction of ["ingress", "egress"]) {
    annotatedCap(`kubernetes.io/${direction}-bandwidth`, annotations);
  }
}
