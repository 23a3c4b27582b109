/**
 * The conf's `uplink`, decoded. Pure. Amounts, marks and selectors stay as they were written: what they mean, and whether
 * they can be, is policy's to say.
 */
import { CniError, ErrorCode, invalidValue } from "../errors.ts";
import { interfaceNameFault } from "./call.ts";
import {
  aCount,
  anObject,
  aString,
  optional,
  refuseUnknownKeys,
  type Decoder,
  type JsonObject,
} from "./fields.ts";

export type UplinkConf = {
  /** A link of the node, or "auto": the one that the default route leaves by. */
  readonly device: string;
  readonly rate: unknown;
  readonly defaultClass: string;
  /** In the order of the conf, which numbers them. */
  readonly classes: readonly ClassConf[];
};

export type ClassConf = {
  readonly name: string;
  readonly rate: unknown;
  readonly ceil: unknown;
  readonly priority: number | undefined;
  readonly burst: unknown;
  readonly cburst: unknown;
  readonly quantum: number | undefined;
  readonly set: string | undefined;
  readonly mark: unknown;
  readonly dscp: unknown;
  readonly podSelector: unknown;
  readonly namespaceSelector: unknown;
};

/** What the set for IPv6 is called more than the one for IPv4. */
export const ipv6Suffix = "-v6";

const keys = ["device", "rate", "default", "classes"];
const classKeys = [
  "rate",
  "ceil",
  "priority",
  "burst",
  "cburst",
  "quantum",
  "set",
  "mark",
  "dscp",
  "podSelector",
  "namespaceSelector",
];

export function parseUplink(field: string, value: unknown): UplinkConf {
  const uplink = anObject(field, value);
  refuseUnknownKeys(uplink, `${field}.`, keys);
  const classes = anObject(`${field}.classes`, uplink["classes"] ?? null);
  return {
    device: required(uplink, `${field}.`, "device", aDevice),
    rate: uplink["rate"] ?? undefined,
    defaultClass: required(uplink, `${field}.`, "default", aString),
    classes: Object.entries(classes).map(([name, entry]) => parseClass(`${field}.classes`, name, entry)),
  };
}

function parseClass(field: string, name: string, value: unknown): ClassConf {
  assertClassName(field, name);
  const prefix = `${field}.${name}.`;
  const entry = anObject(`${field}.${name}`, value);
  refuseUnknownKeys(entry, prefix, classKeys);
  return {
    name,
    rate: entry["rate"] ?? undefined,
    ceil: entry["ceil"] ?? undefined,
    priority: optional(entry, prefix, "priority", aPriority),
    burst: entry["burst"] ?? undefined,
    cburst: entry["cburst"] ?? undefined,
    quantum: optional(entry, prefix, "quantum", aCount),
    set: optional(entry, prefix, "set", aSetName),
    mark: entry["mark"] ?? undefined,
    dscp: entry["dscp"] ?? undefined,
    podSelector: entry["podSelector"] ?? undefined,
    namespaceSelector: entry["namespaceSelector"] ?? undefined,
  };
}

/** A name that looks like a number would come first whatever its place in the conf, and the place numbers the class. */
function assertClassName(field: string, name: string): void {
  if (/^[a-zA-Z][a-zA-Z0-9_.-]{0,62}$/.test(name)) return;
  throw new CniError(
    ErrorCode.invalidConfig,
    `${field}: ${JSON.stringify(name)} cannot name a class: a letter, then letters, digits, "_", "." or "-", at most 63`,
  );
}

const aDevice: Decoder<string> = (field, value) => {
  const device = aString(field, value);
  const fault = interfaceNameFault(device);
  if (fault !== undefined) throw new CniError(ErrorCode.invalidConfig, `${field} ${fault}`);
  return device;
};

/** The kernel has eight; 0 is served first when there is something to borrow. */
const aPriority: Decoder<number> = (field, value) => {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 7) return value;
  throw invalidValue(field, value, "a whole number from 0, served first, to 7");
};

/** The kernel keeps 31 characters of a set's name. */
const longestSetName = 31 - ipv6Suffix.length;

export const aSetName: Decoder<string> = (field, value) => {
  if (
    typeof value === "string" &&
    /^[a-zA-Z][a-zA-Z0-9_.-]*$/.test(value) &&
    value.length <= longestSetName
  ) {
    return value;
  }
  throw invalidValue(
    field,
    value,
    `a letter, then letters, digits, "_", "." or "-", at most ${longestSetName} characters ` +
      `("${ipv6Suffix}" is put behind it for the IPv6 addresses)`,
  );
};

function required<Value>(object: JsonObject, prefix: string, key: string, decode: Decoder<Value>): Value {
  return decode(prefix + key, object[key] ?? null);
}
