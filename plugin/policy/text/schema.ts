/** What our schemas are made of beside what zod has. Pure. A message that a schema has of its own says what is allowed. */
import * as z from "zod/mini";
import { isObject, type JsonObject } from "../../cni/fields.ts";

/** What stands where, as messages name it. */
export type FieldValue = { readonly field: string; readonly value: unknown };

/** What a schema cannot say by itself. */
export type Fault = {
  /** Below what the schema reads. */
  readonly at?: readonly (string | number)[];
  /** Of a map: one of its keys, which may have any letters. */
  readonly key?: string;
  /** In the place of what was written there. */
  readonly value?: unknown;
} & (
  | { readonly allowed: string | ((near: (...at: readonly (string | number)[]) => FieldValue) => string) }
  /** All that is said behind the field. */
  | { readonly sentence: string | ((at: FieldValue) => string) }
);

/** In a transform: this is not what it should be. */
export function refuse({ issues }: z.core.ParsePayload, fault: Fault): never {
  const { at = [] } = fault;
  issues.push({ code: "custom", input: undefined, path: [...at], params: { fault } });
  return z.NEVER;
}

/** By a reader, which gives what was read, or what is allowed instead. */
export function by<Value>(
  reader: (value: unknown) => { readonly read: Value } | { readonly allowed: string },
): z.ZodMiniType<Value> {
  return z.pipe(
    z.unknown(),
    z.transform((value, context): Value => {
      const answer = reader(value);
      return "read" in answer ? answer.read : refuse(context, answer);
    }),
  );
}

/** An object of which the keys are not ours to say. */
export const anyObject = z.custom<JsonObject>(isObject, "an object");

export function whole(
  least: number,
  most: number,
  allowed = `a whole number from ${least} to ${most}`,
): z.ZodMiniType<number> {
  return z.int(allowed).check(z.gte(least, allowed), z.lte(most, allowed));
}

/** Schemas are made when they are first used: a part is loaded for all that it holds. */
export function once<Schema>(make: () => Schema): () => Schema {
  let made: { readonly schema: Schema } | undefined;
  return () => (made ??= { schema: make() }).schema;
}
