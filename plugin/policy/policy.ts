/**
 * What this attachment shall have, decided from every place a request can come from. Pure.
 * Every request is checked, also one that another outranks: a typo is a typo.
 */
import { invalidValue } from "../errors.ts";
import { disciplines, type Conf, type Discipline, type Enforce } from "../cni/conf.ts";
import type { Request } from "../cni/request.ts";
import {
  namespaceAnnotations,
  namespaceAnnotationsFor,
  ownAnnotations,
  annotationsFor,
  type CeilingKey,
  type OwnKey,
  type InterfaceAnnotations,
} from "./annotation/annotations.ts";
import { cutWarnings, type Cap } from "./cap/cap.ts";
import {
  burstWarnings,
  annotatedCap,
  chooseCap,
  defaultCap,
  pairOf,
  staticCap,
  type Direction,
} from "./cap/caps.ts";
import { parseDscp } from "./rule/dscp.ts";
import { namespaceMisses, nearMisses } from "./annotation/near-miss.ts";
import { parseBandwidth, parseBurst } from "./cap/quantity.ts";
import type { Rule } from "./rule/rule.ts";
import { classWarnings, type ChooseClass, type UplinkChoice } from "./uplink/choose.ts";

export type Policy = {
  readonly ingress: Cap | undefined;
  readonly egress: Cap | undefined;
  /** In the order in which they are tried; the first that matches a packet decides alone. */
  readonly rules: readonly Rule[];
  readonly discipline: Discipline;
  readonly enforce: Enforce;
  /** Where the conf has an uplink: the class that this pod's traffic is in. */
  readonly uplink?: UplinkChoice | undefined;
  /** What was let pass and should not stay so, in words. */
  readonly warnings: readonly string[];
};

/** Rules from wherever they are written, by source. Reading them is kept apart: it loads code that most pods do not need. */
export type RuleSources = {
  readonly annotation: readonly Rule[];
  readonly networkQos: readonly Rule[];
  readonly conf: readonly Rule[];
  readonly egressQos: readonly Rule[];
  readonly warnings: readonly string[];
  /** Manifests of the pod's namespace that do not speak of it, and why not: for people who ask. */
  readonly passedOver: readonly string[];
  /** What was left out because the pod's labels are not known. */
  readonly undecided: readonly string[];
  /** Whether a manifest of the pod's namespace asks for labels of NetworkAttachmentDefinitions. */
  readonly selectsNetworks: boolean;
};

export const noRules: RuleSources = {
  annotation: [],
  networkQos: [],
  conf: [],
  egressQos: [],
  warnings: [],
  passedOver: [],
  undecided: [],
  selectsNetworks: false,
};

export function decidePolicy(request: Request, sources: RuleSources, choose?: ChooseClass): Policy {
  const { call, conf, runtime, pod } = request;
  const misses = [...nearMisses(runtime.annotations), ...namespaceMisses(pod)];
  validateAnnotations(request);
  const own = annotationsFor(call.ifname, runtime.annotations);
  const namespace = namespaceAnnotationsFor(call.ifname, pod);
  const either: InterfaceAnnotations = { ...namespace, ...own };
  const uplink = choose?.(own.class, namespace.class);
  const { annotations } = runtime;
  const cap = (direction: Direction): Cap | undefined =>
    chooseCap(direction, { conf, own, namespace, runtime: runtime[direction], annotations });
  const [ingress, egress] = [cap("ingress"), cap("egress")];
  const discipline = chooseDiscipline(conf, either);
  return {
    ingress,
    egress,
    rules: [
      ...sources.annotation,
      ...sources.networkQos,
      ...sources.conf,
      ...sources.egressQos,
      ...chooseCatchAll(conf, either, uplink),
    ],
    discipline,
    enforce: conf.enforce,
    uplink,
    warnings: [
      ...misses,
      ...sources.warnings,
      ...classWarnings(request, { own: own.class, namespace: namespace.class }, uplink),
      ...cutWarnings([ingress, egress]),
      ...burstWarnings(discipline, [ingress, egress]),
    ],
  };
}

export function hasRequests(policy: Policy): boolean {
  const { ingress, egress, rules, uplink } = policy;
  return ingress !== undefined || egress !== undefined || uplink !== undefined || rules.some(acts);
}

function acts({ dscp, limit }: Rule): boolean {
  return dscp !== undefined || limit !== undefined;
}

/** What the conf alone can get wrong; STATUS tells it before the first pod finds out. Its caps come back: can they be held? */
export function validateConf(conf: Conf): readonly Cap[] {
  chooseCatchAll(conf, {});
  return (["ingress", "egress"] as const)
    .flatMap((direction) => [staticCap(direction, conf[direction]), defaultCap(direction, conf)])
    .filter((cap) => cap !== undefined);
}

/** The mark for whatever no other rule decides. */
function chooseCatchAll(
  { defaults }: Conf,
  annotated: InterfaceAnnotations,
  uplink?: UplinkChoice,
): readonly Rule[] {
  const fallback = defaults.dscp === undefined ? [] : [markAll("defaults.dscp", defaults.dscp)];
  if (annotated.dscp !== undefined) return [markAll(annotated.dscp.field, annotated.dscp.text)];
  const ofClass = uplink?.chosen.dscp;
  return ofClass === undefined ? fallback : [markAll(`uplink.classes.${uplink?.chosen.name}.dscp`, ofClass)];
}

export function markAll(source: string, dscp: unknown): Rule {
  return { dscp: parseDscp(source, dscp), limit: undefined, to: [], from: [], services: [], source };
}

function chooseDiscipline({ discipline }: Conf, annotated: InterfaceAnnotations): Discipline {
  return annotated.discipline === undefined
    ? discipline
    : parseDiscipline(annotated.discipline.field, annotated.discipline.text);
}

function parseDiscipline(field: string, text: string): Discipline {
  const discipline = disciplines.find((known) => known === text);
  if (discipline === undefined) throw invalidValue(field, text, `one of ${disciplines.join(", ")}`);
  return discipline;
}

/** How each annotation of ours is read, whichever interface it speaks of. */
const readers: Readonly<Record<OwnKey | CeilingKey, (field: string, text: string) => unknown>> = {
  "ingress-bandwidth": parseBandwidth,
  "egress-bandwidth": parseBandwidth,
  "ingress-burst": parseBurst,
  "egress-burst": parseBurst,
  discipline: parseDiscipline,
  dscp: parseDscp,
  // May be YAML, whose reader is loaded when it is needed: own-rules.ts has read it by now.
  egress: () => undefined,
  // Which classes there are is the conf's to say.
  class: () => undefined,
  "max-ingress-bandwidth": parseBandwidth,
  "max-egress-bandwidth": parseBandwidth,
};

function validateAnnotations({ runtime: { annotations }, pod }: Request): void {
  for (const { field, text, name } of [...ownAnnotations(annotations), ...namespaceAnnotations(pod)])
    readers[name](field, text);
  for (const direction of ["ingress", "egress"] as const) annotatedCap(pairOf(direction, annotations));
}
