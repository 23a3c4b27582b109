/** An `egress` list, wherever it stands: JSON value in, rules out. Pure. */
import { CniError, ErrorCode, invalidValue } from "../errors.ts";
import { disciplines } from "../cni/conf.ts";
import { anObject, oneOf, optional, refuseUnknownKeys, type JsonObject } from "../cni/fields.ts";
import { parseClassifier } from "./classifier.ts";
import { parseDscp, type Dscp } from "./dscp.ts";
import { listOf } from "./list.ts";
import type { Limit, Rule } from "./rule.ts";

/** Manifests are held to the CRD: a number, and required. Our own lists also take names, and may leave a mark alone. */
export type DscpIn = "manifest" | "own list";

export function parseRules(field: string, value: unknown, dscpIn: DscpIn): readonly Rule[] {
  if (!Array.isArray(value)) throw invalidValue(field, value ?? null, "a list of rules");
  return listOf(field, value, (source, entry) => parseRule(source, entry, dscpIn));
}

/** A rule with neither mark nor limit says "leave this traffic alone": the first that matches decides. */
function parseRule(source: string, value: unknown, dscpIn: DscpIn): Rule {
  const rule = anObject(source, value);
  refuseUnknownKeys(rule, `${source}.`, ["dscp", "bandwidth", "classifier"]);
  return {
    dscp: parseMark(`${source}.dscp`, rule["dscp"], dscpIn),
    limit: optional(rule, `${source}.`, "bandwidth", parseLimit),
    ...parseClassifier(`${source}.classifier`, rule["classifier"]),
    source,
  };
}

function parseMark(field: string, value: unknown, dscpIn: DscpIn): Dscp | undefined {
  if (dscpIn === "manifest") return parseManifestDscp(field, value);
  return value === undefined || value === null ? undefined : parseDscp(field, value);
}

export function parseManifestDscp(field: string, value: unknown): Dscp {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 63) {
    throw invalidValue(field, value ?? null, "a whole number from 0 to 63, and required");
  }
  return value;
}

/** kbit/s and kilobits, as the CRD has them. */
function parseLimit(field: string, value: unknown): Limit {
  const limit = anObject(field, value);
  refuseUnknownKeys(limit, `${field}.`, ["rate", "burst", "discipline"]);
  const rate = optional(limit, `${field}.`, "rate", thousands);
  const burst = optional(limit, `${field}.`, "burst", thousands);
  const discipline = optional(limit, `${field}.`, "discipline", oneOf(disciplines)) ?? "police";
  if (rate === undefined) throw withoutRate(field, limit);
  return { rate, burst, discipline };
}

function thousands(field: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > 0xffff_ffff) {
    throw invalidValue(field, value, "a whole number from 1 to 4294967295");
  }
  return value * 1000;
}

/** Upstream drops it without a word, and the traffic is not limited. */
function withoutRate(field: string, limit: JsonObject): CniError {
  return new CniError(
    ErrorCode.invalidConfig,
    `${field}: ${JSON.stringify(limit)} limits nothing without a rate: set ${field}.rate, in kbit/s`,
  );
}
