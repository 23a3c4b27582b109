/** Labels and label selectors of a document. Pure. */
import * as z from "zod/mini";
import type { Labels } from "../../cni/request.ts";
import { anyObject, by, once, refuse } from "../text/schema.ts";
import { labelKeyFault, labelValueFault } from "./labels.ts";
import { operators, type Requirement, type Selector } from "./selector.ts";

export const labels = once((): z.ZodMiniType<Labels> =>
  z.pipe(
    anyObject,
    z.transform((all, context): Labels => {
      for (const [key, text] of Object.entries(all)) {
        const keyFault = labelKeyFault(key);
        if (keyFault !== undefined) return refuse(context, { allowed: keyFault, value: key });
        const fault = typeof text === "string" ? labelValueFault(text) : "a string (numbers need quotes)";
        if (fault !== undefined) return refuse(context, { allowed: fault, key });
      }
      return all as Labels;
    }),
  ),
);

export const selector = once((): z.ZodMiniType<Selector> =>
  z.pipe(
    z.strictObject({
      matchLabels: z.nullish(labels()),
      matchExpressions: z.nullish(z.array(requirement())),
    }),
    z.transform(({ matchLabels, matchExpressions }): Selector => [
      ...Object.entries(matchLabels ?? {}).map(([key, text]): Requirement => ({
        key,
        operator: "In",
        values: [text],
      })),
      ...(matchExpressions ?? []),
    ]),
  ),
);

function requirement(): z.ZodMiniType<Requirement> {
  return z.pipe(
    z.strictObject({
      operator: z.enum(operators),
      key: by(aKey),
      values: z.nullish(z.array(by(aValue))),
    }),
    z.transform(({ key, operator, values: said }, context): Requirement => {
      const values = said ?? [];
      const wantsValues = operator === "In" || operator === "NotIn";
      if (wantsValues === values.length > 0) return { key, operator, values };
      return refuse(context, {
        at: ["values"],
        value: values,
        allowed: `${operator} takes ${wantsValues ? "one value or more" : "no values"}`,
      });
    }),
  );
}

type Answer = { readonly read: string } | { readonly allowed: string };

function aKey(value: unknown): Answer {
  if (typeof value !== "string") return { allowed: "a label's key" };
  const allowed = labelKeyFault(value);
  return allowed === undefined ? { read: value } : { allowed };
}

function aValue(value: unknown): Answer {
  if (typeof value !== "string") return { allowed: "a string" };
  const allowed = labelValueFault(value);
  return allowed === undefined ? { read: value } : { allowed };
}
