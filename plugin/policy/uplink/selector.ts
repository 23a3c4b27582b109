/** A Kubernetes label selector: `matchLabels` and `matchExpressions`, all of which must hold. Pure. */
import { invalidValue } from "../../errors.ts";
import { anObject, aString, oneOf, refuseUnknownKeys, type JsonObject } from "../../cni/fields.ts";

export type Labels = Readonly<Record<string, string>>;

export type Selector = { readonly requirements: readonly Requirement[] };

export type Requirement = {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
};

export function parseSelector(field: string, value: unknown): Selector {
  const selector = anObject(field, value);
  refuseUnknownKeys(selector, `${field}.`, ["matchLabels", "matchExpressions"]);
  const labels = Object.entries(anObject(`${field}.matchLabels`, selector["matchLabels"] ?? {}));
  const expressions: unknown = selector["matchExpressions"] ?? [];
  if (!Array.isArray(expressions)) throw invalidValue(`${field}.matchExpressions`, expressions, "a list");
  return {
    requirements: [
      ...labels.map(([key, text]) => equality(`${field}.matchLabels.${key}`, key, text)),
      ...expressions.map((entry: unknown, at) =>
        expression(`${field}.matchExpressions[${at}]`, anObject(`${field}.matchExpressions[${at}]`, entry)),
      ),
    ],
  };
}

/** As Kubernetes has it: NotIn holds also where there is no such label. */
export function selects({ requirements }: Selector, labels: Labels): boolean {
  return requirements.every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
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
  });
}

function equality(field: string, key: string, text: unknown): Requirement {
  if (typeof text !== "string") throw invalidValue(field, text, "a string");
  return { key, operator: "In", values: [text] };
}

function expression(field: string, entry: JsonObject): Requirement {
  refuseUnknownKeys(entry, `${field}.`, ["key", "operator", "values"]);
  const operator = oneOf(["In", "NotIn", "Exists", "DoesNotExist"])(`${field}.operator`, entry["operator"]);
  const values: unknown = entry["values"] ?? [];
  const takesValues = operator === "In" || operator === "NotIn";
  if (!isTexts(values) || values.length > 0 !== takesValues) {
    throw invalidValue(
      `${field}.values`,
      values,
      takesValues ? "a list of strings" : `none with ${operator}`,
    );
  }
  return { key: aString(`${field}.key`, entry["key"]), operator, values };
}

function isTexts(values: unknown): values is readonly string[] {
  return Array.isArray(values) && values.every((value) => typeof value === "string");
}
