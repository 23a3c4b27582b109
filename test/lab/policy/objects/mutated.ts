/** A valid object with a few things in it changed at random: some stay valid, most do not. */
import * as fc from "fast-check";
import { validObject, type PolicyObject } from "./valid.ts";
import { anyValue, likelyIn, type Json } from "./values.ts";

const kinds = [
  "likely",
  "likely",
  "likely",
  "replace",
  "remove",
  "repeat",
  "add",
  "misspell",
  "damage",
] as const;

type Mutation = {
  readonly kind: (typeof kinds)[number];
  readonly at: number;
  readonly value: Json;
  readonly nth: number;
};

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(...kinds),
  at: fc.nat(10_000),
  value: anyValue,
  nth: fc.nat(200),
});

/** A quarter of them as they were. */
export const anyObject: fc.Arbitrary<PolicyObject> = fc
  .tuple(
    validObject,
    fc.oneof(
      { weight: 1, arbitrary: fc.constant([]) },
      { weight: 3, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 2 }) },
    ),
  )
  .map(([object, mutations]) => mutations.reduce(mutate, object));

type Path = readonly string[];

/** Kind and apiVersion stay: they say which door of the API it is brought to. Every field has the same chance, however often it is there. */
function mutate(object: PolicyObject, { kind, at, value, nth }: Mutation): PolicyObject {
  const { spec, metadata } = object as unknown as { spec: Json; metadata: Json };
  const paths = pathsIn({ spec, metadata }).filter((path) => fieldOf(path) !== "metadata" && path.length > 0);
  const fields = [...Map.groupBy(paths, fieldOf)];
  const [field, places] = fields[at % fields.length] ?? ["spec", [["spec"]]];
  const near = kind === "likely" ? likelyIn(field) : undefined;
  const by = (old: Json): Json | undefined =>
    near === undefined ? changed(kind, old, value, nth) : near[nth % near.length];
  return change(object as unknown as Json, places[nth % places.length] ?? [], by) as unknown as PolicyObject;
}

/** An entry of a list goes by the list's name. */
function fieldOf(path: Path): string {
  return path.findLast((key) => !/^\d+$/.test(key)) ?? "";
}

function pathsIn(value: Json): readonly Path[] {
  if (typeof value !== "object" || value === null) return [[]];
  return [
    [],
    ...Object.entries(value).flatMap(([key, inner]) => pathsIn(inner).map((path) => [key, ...path])),
  ];
}

/** undefined takes it away. */
function changed(kind: Mutation["kind"], old: Json, value: Json, nth: number): Json | undefined {
  switch (kind) {
    case "likely":
    case "replace":
      return value;
    case "remove":
      return undefined;
    case "repeat":
      return Array.isArray(old) ? [...old, ...(old as readonly Json[]).slice(0, 1)] : [old];
    case "add":
      return isMap(old) ? { ...old, [nth % 2 === 0 ? "extra" : "podSelector"]: value } : value;
    case "misspell":
      return isMap(old) ? misspelt(old, nth) : value;
    case "damage":
      return typeof old === "string" ? damaged(old, nth) : value;
  }
}

const isMap = (value: Json): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function misspelt(old: { readonly [key: string]: Json }, nth: number): Json {
  const keys = Object.keys(old);
  const chosen = keys[nth % Math.max(1, keys.length)];
  return Object.fromEntries(
    Object.entries(old).map(([key, value]) => [key === chosen ? `${key.toLowerCase()}s` : key, value]),
  );
}

/** A character more, fewer or another. */
function damaged(text: string, nth: number): string {
  const at = nth % (text.length + 1);
  const character = "0:./-aF "[nth % 8] ?? "0";
  return text.slice(0, at) + (nth % 3 === 0 ? "" : character) + text.slice(at + (nth % 2));
}

function change(value: Json, path: Path, by: (old: Json) => Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) return by(value) ?? null;
  const entries = Object.entries(value as Record<string, Json>).flatMap(([name, inner]): [string, Json][] => {
    if (name !== key) return [[name, inner]];
    const now = rest.length === 0 ? by(inner) : change(inner, rest, by);
    return now === undefined ? [] : [[name, now]];
  });
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}
