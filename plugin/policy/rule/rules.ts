/** An `egress` list, wherever it stands: JSON value in, rules out. Pure. */
import * as z from "zod/mini";
import { disciplines } from "../../cni/conf.ts";
import { burstEnd } from "../cap/quantity.ts";
import { read } from "../text/read.ts";
import { by, once, refuse, whole } from "../text/schema.ts";
import { classifier, classifierOf } from "./classifier.ts";
import { readDscp } from "./dscp.ts";
import type { Limit, Rule } from "./rule.ts";

/**
 * Manifests are held to the CRD, no more and no less: a fault there fails every pod of the namespace, and what the API took but
 * no kernel can hold is for the plan to refuse, for the pods that the rule is about. Our own lists are held to both, and take
 * names for marks as well.
 */
export type WrittenIn = "manifest" | "own list";

export function parseRules(field: string, value: unknown, writtenIn: WrittenIn): readonly Rule[] {
  return read(field, value, ruleLists[writtenIn]()).map((rule, at) => ruleOf(rule, `${field}[${at}]`));
}

export const ruleLists = {
  manifest: once(() => listOf(manifestDscp(), mostThousands)),
  "own list": once(() => listOf(z.nullish(by(readDscp)), mostInBucket)),
};

type Entry = z.output<ReturnType<typeof listOf>>[number];

/** A rule with neither mark nor limit says "leave this traffic alone": the first that matches decides. */
export function ruleOf({ dscp, bandwidth, classifier: said }: Entry, source: string): Rule {
  return { dscp: dscp ?? undefined, limit: bandwidth ?? undefined, ...classifierOf(said), source };
}

export const manifestDscp = once(() => whole(0, 63, "a whole number from 0 to 63, and required"));

function listOf(dscp: z.ZodMiniType<number | null | undefined>, mostBurst: number) {
  return z.array(
    z.strictObject({ dscp, bandwidth: z.nullish(limit(mostBurst)), classifier: z.nullish(classifier()) }),
    "a list of rules",
  );
}

/** kbit/s and kilobits, as the CRD has them. */
function limit(mostBurst: number): z.ZodMiniType<Limit> {
  return z.pipe(
    z.strictObject({
      rate: z.nullish(whole(1, mostThousands)),
      burst: z.nullish(whole(1, mostBurst)),
      discipline: z.nullish(z.enum(disciplines)),
    }),
    z.transform(({ rate, burst, discipline }, context): Limit => {
      if (rate === null || rate === undefined) return refuse(context, { sentence: withoutRate });
      return { rate: rate * 1000, burst: thousands(burst), discipline: discipline ?? "police" };
    }),
  );
}

function thousands(value: number | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : value * 1000;
}

/** The CRD's own range. */
const mostThousands = 0xffff_ffff;
const mostInBucket = Math.floor((burstEnd - 1) / 1000);

/** Upstream drops it without a word, and the traffic is not limited. */
function withoutRate({ field, value }: { readonly field: string; readonly value: unknown }): string {
  return `${JSON.stringify(value)} limits nothing without a rate: set ${field}.rate, in kbit/s`;
}
