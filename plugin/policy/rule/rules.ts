/** An `egress` list, wherever it stands: JSON value in, rules out. Pure. */
import { CniError, ErrorCode, invalidValue } from "../../errors.ts";
import { disciplines } from "../../cni/conf.ts";
import {
  anObject,
  oneOf,
  optional,
  refuseUnknownKeys,
  type Decoder,
  type JsonObject,
} from "../../cni/fields.ts";
import { parseClassifier } from "./classifier.ts";
import { parseDscp, type Dscp } from "./dscp.ts";
import { listOf } from "../text/list.ts";
import { burstEnd } from "../cap/quantity.ts";
import type { Limit, Rule } from "./rule.ts";

/**
 * Manifests are held to the CRD, no more and no less: a fault there fails every pod of the namespace, and what the API took but
 * no kernel can hold is for the plan to refuse, for the pods that the rule is about. Our own lists are held to both, and take
 * names for marks as well.
 */
export type WrittenIn = "manifest" | "own list";

export function parseRules(field: string, value: unknown, writtenIn: WrittenIn): readonly Rule[] {
  if (!Array.isArray(value)) throw invalidValue(field, value ?? null, "a list of rules");
  return listOf(field, value, (source, entry) => parseRule(source, entry, writtenIn));
}

/** A rule with neither mark nor limit says "leave this traffic alone": the first that matches decides. */
function parseRule(source: string, value: unknown, writtenIn: WrittenIn): Rule {
  const rule = anObject(source, value);
  refuseUnknownKeys(rule, `${source}.`, ["dscp", "bandwidth", "classifier"]);
  return {
    dscp: parseMark(`${source}.dscp`, rule["dscp"], writtenIn),
    limit: optional(rule, `${source}.`, "bandwidth", (field, limit) => parseLimit(field, limit, writtenIn)),
    ...parseClassifier(`${source}.classifier`, rule["classifier"]),
    source,
  };
}

function parseMark(field: string, value: unknown, writtenIn: WrittenIn): Dscp | undefined {
  if (writtenIn === "manifest") return parseManifestDscp(field, value);
  return value === undefined || value === null ? undefined : parseDscp(field, value);
}

export function parseManifestDscp(field: string, value: unknown): Dscp {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 63) {
    throw invalidValue(field, value ?? null, "a whole number from 0 to 63, and required");
  }
  return value;
}

/** kbit/s and kilobits, as the CRD has them. */
function parseLimit(field: string, value: unknown, writtenIn: WrittenIn): Limit {
  const limit = anObject(field, value);
  refuseUnknownKeys(limit, `${field}.`, ["rate", "burst", "discipline"]);
  const mostBurst = writtenIn === "manifest" ? mostThousands : mostInBucket;
  const rate = optional(limit, `${field}.`, "rate", thousands(mostThousands));
  const burst = optional(limit, `${field}.`, "burst", thousands(mostBurst));
  const discipline = optional(limit, `${field}.`, "discipline", oneOf(disciplines)) ?? "police";
  if (rate === undefined) throw withoutRate(field, limit);
  return { rate, burst, discipline };
}

/** The CRD's own range. */
const mostThousands = 0xffff_ffff;
const mostInBucket = Math.floor((burstEnd - 1) / 1000);

function thousands(most: number): Decoder<number> {
  return (field, value) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > most) {
      throw invalidValue(field, value, `a whole number from 1 to ${most}`);
    }
    return value * 1000;
  };
}

/** Upstream drops it without a word, and the traffic is not limited. */
function withoutRate(field: string, limit: JsonObject): CniError {
  return new CniError(
    ErrorCode.invalidConfig,
    `${field}: ${JSON.stringify(limit)} limits nothing without a rate: set ${field}.rate, in kbit/s`,
  );
}
