/**
 * What this attachment shall have, decided from every place a wish can come from. Pure.
 *
 * A cap: static conf, then `pod-qos/*`, then `kubernetes.io/*` (the runtime's capability before the bare annotation, for
 * multus gives a capability per network), then `defaults`. Every wish is checked, also one that another outranks.
 */
import { CniError, ErrorCode, invalidValue } from "../errors.ts";
import { disciplines, type Conf, type Discipline, type Enforce, type StaticCap } from "../cni/conf.ts";
import type { Annotations, Request, RuntimeCap } from "../cni/request.ts";
import { ownAnnotations, wishesFor, type OwnKey, type Wishes } from "./annotations.ts";
import { parseDscp, type Dscp } from "./dscp.ts";
import { bandwidthAllowed, parseBandwidth, parseBurst } from "./quantity.ts";

export type Direction = "ingress" | "egress";

/** A limit in bit/s, with the burst in bits if somebody asked for one, and the field that asked, for messages. */
export type Cap = {
  readonly rate: number;
  readonly burst: number | undefined;
  readonly source: string;
  readonly burstSource: string | undefined;
};

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

type Sources = {
  readonly conf: Conf;
  readonly wishes: Wishes;
  readonly runtime: RuntimeCap;
  readonly annotations: Annotations;
};

function chooseCap(direction: Direction, { conf, wishes, runtime, annotations }: Sources): Cap | undefined {
  const fixed = staticCap(direction, conf[direction]);
  const candidates = [
    annotatedCap(wishes[`${direction}-bandwidth`]?.key, annotations),
    runtimeCap(direction, runtime),
    annotatedCap(`kubernetes.io/${direction}-bandwidth`, annotations),
    defaultCap(direction, conf),
  ];
  const wish = candidates.find((candidate) => candidate !== undefined);
  const burst = wishes[`${direction}-burst`];
  if (fixed !== undefined) return fixed;
  if (burst === undefined) return wish;
  if (wish === undefined) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `annotation ${burst.key} is "${burst.text}" but nothing caps ${direction}: ` +
        `set pod-qos/${direction}-bandwidth as well`,
    );
  }
  const field = `annotation ${burst.key}`;
  return { ...wish, burst: parseBurst(field, burst.text), burstSource: field };
}

function staticCap(direction: Direction, cap: StaticCap | undefined): Cap | undefined {
  if (cap === undefined) return undefined;
  const source = `${direction}Rate`;
  const burstSource = `${direction}Burst`;
  return {
    rate: parseBandwidth(source, String(cap.rate)),
    burst: parseBurst(burstSource, String(cap.burst)),
    source,
    burstSource,
  };
}

function annotatedCap(key: string | undefined, annotations: Annotations): Cap | undefined {
  const text = key === undefined ? undefined : annotations[key];
  if (key === undefined || text === undefined) return undefined;
  const source = `annotation ${key}`;
  return { rate: parseBandwidth(source, text), burst: undefined, source, burstSource: undefined };
}

/**
 * Runtimes send a burst whether or not anybody asked: 2^31-1 (dockershim), 2^32-1 (containerd) or 8 * (2^32-1) - 1 bits
 * (CRI-O). A bucket that size lets a 10M pod send 2 Gbit/s for its first second, so those values mean "none given".
 */
const smallestSentinelBurst = 2 ** 31 - 1;

function runtimeCap(direction: Direction, { rate, burst }: RuntimeCap): Cap | undefined {
  if (rate === undefined || rate === null || rate === 0) return undefined;
  const field = `runtimeConfig.bandwidth.${direction}Rate`;
  const burstField = `runtimeConfig.bandwidth.${direction}Burst`;
  if (typeof rate !== "number") throw invalidValue(field, rate, bandwidthAllowed);
  const given = typeof burst === "number" && burst > 0 && burst < smallestSentinelBurst;
  return {
    rate: parseBandwidth(field, String(rate)),
    burst: given ? parseBurst(burstField, String(burst)) : undefined,
    source: field,
    burstSource: given ? burstField : undefined,
  };
}

function defaultCap(direction: Direction, { defaults }: Conf): Cap | undefined {
  const text = defaults[`${direction}Bandwidth`];
  if (text === undefined) return undefined;
  const source = `defaults.${direction}Bandwidth`;
  return { rate: parseBandwidth(source, text), burst: undefined, source, burstSource: undefined };
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
