/** A list in a document, each entry decoded under its own name: `egress[2]`. Pure. */
import { invalidValue } from "../../errors.ts";
import type { Decoder } from "../../cni/fields.ts";

/** Absent and null are the empty list, as Kubernetes has it. */
export function listOf<Value>(field: string, value: unknown, decode: Decoder<Value>): readonly Value[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalidValue(field, value, "a list");
  return value.map((entry: unknown, at) => decode(`${field}[${at}]`, entry));
}
