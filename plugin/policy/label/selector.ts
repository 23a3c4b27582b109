/** Kubernetes label selectors, held against labels of which some may be unknown. Pure. */
import type { Labels } from "../../cni/request.ts";

export const operators = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

export type Requirement = {
  readonly key: string;
  readonly operator: (typeof operators)[number];
  readonly values: readonly string[];
};

/** Requirements are ANDed; none: everything. */
export type Selector = readonly Requirement[];

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
