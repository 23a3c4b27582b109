/** A valid object with a few things in it changed at random: some stay valid, most do not. */
import * as fc from "fast-check";
import { validObject, type PolicyObject } from "./valid.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What people write, just inside and just outside of what may be written. */
const numbers = [-1, 0, 1, 63, 64, 100, 101, 1.5, 65_535, 65_536, 0xffff_ffff, 2 ** 32, 2 ** 53, 1e300];

const texts =
  "20 EF TCP tcp TCPfoo xUDPy SCTP police shape drop In in Exists " +
  "DefaultNetwork NetworkAttachmentDefinitions PrimaryUserDefinedNetworks AllNetworks " +
  "-a a/b/c /a A.b/c a.b/c ä 10.0.0.0/8 10.1.2.3/8 10.0.0.1 10.0.0.0/33 010.0.0.0/8 10.0.0.0/08 1.2.3/8 ::/0 ::1 " +
  "::ffff:10.0.0.0/104 ::ffff:10.0.0.1 ::ffff:0:0/95 2001:db8::/129 fe80::1%eth0/64 abc&!ABC/24 /8 10.0.0.0/ " +
  "2001:::::::7334/158 2001:0DB8::1.2.3.4/128 0.0.0.0/0";

const parts: readonly Json[] = [
  { matchLabels: {} },
  { matchLabels: { a: "b" } },
  { matchLabels: null },
  { matchLabels: { a: 5 } },
  { matchLabels: { a: null } },
  { matchExpressions: [] },
  { podSelector: {} },
  { ipBlock: { cidr: "10.0.0.0/8" } },
  { ipBlock: { cidr: "10.0.0.0/8", except: ["192.0.2.0/24"] } },
  { rate: 1 },
  { burst: 1 },
  { dscp: 1 },
];

const written: readonly Json[] = [
  true,
  false,
  null,
  "",
  "a b",
  " 10.0.0.0/8",
  "10.0.0.0/8\n",
  "x".repeat(64),
  `${"y".repeat(63)}.z/k`,
  [],
  {},
  [null],
  [{}],
  [""],
  ["a"],
  ...numbers,
  ...texts.split(" "),
  ...parts,
];

/** Whatever the two readers of addresses might read differently. */
const addressLike = fc
  .array(fc.constantFrom(..."0123456789af:./:.1", "::", "ffff", "/2"), { minLength: 1, maxLength: 14 })
  .map((pieces) => pieces.join(""));

const replacement: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...written) },
  { weight: 1, arbitrary: fc.integer({ min: -2, max: 70_000 }) },
  { weight: 1, arbitrary: addressLike },
);

const kinds = ["replace", "replace", "replace", "remove", "repeat", "add", "misspell", "damage"] as const;

type Mutation = {
  readonly kind: (typeof kinds)[number];
  readonly at: number;
  readonly value: Json;
  readonly nth: number;
};

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(...kinds),
  at: fc.nat(10_000),
  value: replacement,
  nth: fc.nat(200),
});

/** Half of them as they were. */
export const anyObject: fc.Arbitrary<PolicyObject> = fc
  .tuple(validObject, fc.oneof(fc.constant([]), fc.array(mutation, { minLength: 1, maxLength: 2 })))
  .map(([object, mutations]) => mutations.reduce(mutate, object));

type Path = readonly (string | number)[];

/** Kind and apiVersion stay: they say which door of the API it is brought to. */
function mutate(object: PolicyObject, { kind, at, value, nth }: Mutation): PolicyObject {
  const { spec, metadata } = object as unknown as { spec: Json; metadata: Json };
  const paths = [
    ...pathsIn(spec).map((path): Path => ["spec", ...path]),
    ...pathsIn(metadata).map((path): Path => ["metadata", ...path]),
  ].filter((path) => path.length > 1 || path[0] === "spec");
  const path = paths[at % paths.length] ?? ["spec"];
  return change(object as unknown as Json, path, (old) =>
    changed(kind, old, value, nth),
  ) as unknown as PolicyObject;
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
    if (name !== String(key)) return [[name, inner]];
    const now = rest.length === 0 ? by(inner) : change(inner, rest, by);
    return now === undefined ? [] : [[name, now]];
  });
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}
