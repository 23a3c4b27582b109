/** Kubernetes label selectors: read, and held against labels of which some may be unknown. Pure. */
import { CniError, ErrorCode, invalidValue } from "../../errors.ts";
import { anObject, oneOf, refuseUnknownKeys } from "../../cni/fields.ts";
import type { Labels } from "../../cni/request.ts";
import { listOf } from "../text/list.ts";
import { labelKeyFault, labelValueFault, parseLabels } from "./labels.ts";

const operators = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

type Requirement = {
  readonly key: string;
  readonly operator: (typeof operators)[number];
  readonly values: readonly string[];
};

/** Requirements are ANDed; none: everything. */
export type Selector = readonly Requirement[];

export function parseSelector(field: string, value: unknown): Selector {
  if (value === undefined || value === null) return [];
  const selector = anObject(field, value);
  refuseUnknownKeys(selector, `${field}.`, ["matchLabels", "matchExpressions"]);
  const labels = parseLabels(`${field}.matchLabels`, selector["matchLabels"]);
  return [
    ...Object.entries(labels).map(([key, text]): Requirement => ({ key, operator: "In", values: [text] })),
    ...listOf(`${field}.matchExpressions`, selector["matchExpressions"], parseRequirement),
  ];
}

/** undefined: what is known of the labels does not decide it. */
export function matches(selector: Selector, known: Labels, complete: boolean): boolean | undefined {
  const answers = selector.map((requirement) => holds(requirement, known, complete));
  if (answers.some((answer) => answer === false)) return false;
  return answers.every((answer) => answer === true) ? true : undefined;
}

/** As the API takes it: `app in (db,web),!legacy`; "" for everything. */
export function selectorText(selector: Selector): string {
  return selector.map(requirementText).join(",");
}

function requirementText({ key, operator, values }: Requirement): string {
  switch (operator) {
    case "In":
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join()})`;
    case "NotIn":
      return `${key} notin (${values.join()})`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
  }
}

/** A key that is not there is "not in" any set, as Kubernetes has it. */
function holds(
  { key, operator, values }: Requirement,
  known: Labels,
  complete: boolean,
): boolean | undefined {
  const value = Object.hasOwn(known, key) ? known[key] : undefined;
  if (value === undefined && !complete) return undefined;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}

function parseRequirement(field: string, value: unknown): Requirement {
  const entry = anObject(field, value);
  refuseUnknownKeys(entry, `${field}.`, ["key", "operator", "values"]);
  const operator = oneOf(operators)(`${field}.operator`, entry["operator"] ?? null);
  const key = entry["key"];
  const fault = typeof key === "string" ? labelKeyFault(key) : "a label's key";
  if (typeof key !== "string" || fault !== undefined) {
    throw invalidValue(`${field}.key`, key ?? null, fault ?? "a label's key");
  }
  const values = listOf(`${field}.values`, entry["values"], (valueField, text) => {
    const valueFault = typeof text === "string" ? labelValueFault(text) : "a string";
    if (typeof text !== "string" || valueFault !== undefined) {
      throw invalidValue(valueField, text, valueFault ?? "a string");
    }
    return text;
  });
  const wantsValues = operator === "In" || operator === "NotIn";
  if (wantsValues !== values.length > 0) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${field}.values: ${JSON.stringify(values)} is not valid: ` +
        `${operator} takes ${wantsValues ? "one value or more" : "no values"}`,
    );
  }
  return { key, operator, values };
}
