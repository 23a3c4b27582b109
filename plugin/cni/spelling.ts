/**
 * Keys in any case. Plugins written in Go, the one that we replace among them, take the key of a struct in whatever case it
 * is written; JavaScript does not, and what is not taken is a limit that nobody has. So what CNI passes on gets our spelling
 * first. Pure. Keys of maps (annotations, capabilities, labels) mean what they say, in Go too.
 */
import { CniError, ErrorCode } from "../errors.ts";
import { isObject, type JsonObject } from "./fields.ts";
import { capabilityKeys, cniKeys, ownKeys } from "./keys.ts";

type Shape = {
  readonly keys: readonly string[];
  /** What stands under some of its keys. */
  readonly inside?: Readonly<Record<string, Shape>>;
  /** It is a list of such objects. An object in its place is another thing. */
  readonly isList?: true;
};

/** As far as we read it. Keys of `defaults` and `uplink` are ours alone: those are refused in another case, by name. */
const conf: Shape = {
  keys: [...ownKeys, ...cniKeys],
  inside: {
    runtimeConfig: { keys: capabilityKeys },
    args: {
      keys: ["cni"],
      inside: { cni: { keys: ["labels"], inside: { labels: { keys: ["key", "value"], isList: true } } } },
    },
    prevResult: {
      keys: ["cniVersion", "interfaces", "ips"],
      inside: {
        interfaces: { keys: ["name", "sandbox"], isList: true },
        ips: { keys: ["address", "interface"], isList: true },
      },
    },
    "cni.dev/valid-attachments": { keys: ["containerID", "ifname"], isList: true },
  },
};

/** The document with its known keys as we spell them. Of a key in two spellings one stays as it was written. */
export function inOurSpelling(document: JsonObject): JsonObject {
  return spelled(document, conf);
}

/** Go takes the last one, or puts them together; whoever wrote two meant one. `document`: in our spelling by now. */
export function refuseSecondSpellings(document: JsonObject): void {
  refuseSecond(document, conf, "");
}

/** Go folds as Unicode does: of the letters beyond ASCII two are one with a letter of ASCII, "ſ" and the Kelvin sign. None changes a length. */
export function sameKey(one: string, other: string): boolean {
  return one === other || (one.length === other.length && folded(one) === folded(other));
}

function folded(key: string): string {
  return key.toLowerCase().replaceAll("ſ", "s");
}

function spelled(object: JsonObject, { keys, inside = {} }: Shape): JsonObject {
  const known = Object.keys(object).every((key) => wanted(key, keys) === key)
    ? object
    : renamed(object, keys);
  return Object.entries(inside).reduce((whole, [key, shape]) => {
    const ours = spelledValue(whole[key], shape);
    return ours === whole[key] ? whole : { ...whole, [key]: ours };
  }, known);
}

function spelledValue(value: unknown, shape: Shape): unknown {
  if (shape.isList !== true) return isObject(value) ? spelled(value, shape) : value;
  if (!Array.isArray(value)) return value;
  return value.map((entry: unknown) => (isObject(entry) ? spelled(entry, shape) : entry));
}

function renamed(object: JsonObject, keys: readonly string[]): JsonObject {
  const taken = new Set(Object.keys(object));
  const entries = Object.entries(object).map(([key, value]) => {
    const ours = wanted(key, keys);
    if (taken.has(ours)) return [key, value] as const;
    taken.add(ours);
    return [ours, value] as const;
  });
  return Object.fromEntries(entries);
}

function wanted(key: string, keys: readonly string[]): string {
  return keys.includes(key) ? key : (keys.find((known) => sameKey(known, key)) ?? key);
}

function refuseSecond(object: JsonObject, { keys, inside = {} }: Shape, prefix: string): void {
  for (const key of Object.keys(object)) {
    const ours = wanted(key, keys);
    if (ours !== key && Object.hasOwn(object, ours)) throw secondSpelling(prefix + ours, prefix + key);
  }
  for (const [key, shape] of Object.entries(inside)) {
    for (const [place, part] of partsOf(object[key], shape))
      refuseSecond(part, shape, `${prefix}${key}${place}.`);
  }
}

function partsOf(value: unknown, { isList }: Shape): readonly (readonly [string, JsonObject])[] {
  if (isList !== true) return isObject(value) ? [["", value]] : [];
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown, at) => (isObject(entry) ? [[`[${at}]`, entry] as const] : []));
}

function secondSpelling(ours: string, second: string): CniError {
  return new CniError(
    ErrorCode.invalidConfig,
    `${JSON.stringify(second)} is ${JSON.stringify(ours)} a second time: leave one of them out`,
  );
}
