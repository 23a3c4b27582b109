/**
 * Decoders for the fields of a JSON document: each takes the field's name and its value and returns the value typed, or
 * throws what an operator needs: the field, the value as written, what is allowed. Pure.
 *
 * For what every pod passes. zod, which reads the rest (policy/text/read.ts), would cost it 1.9 ms of the 27 that ADD takes.
 */
import { CniError, ErrorCode, invalidValue } from "../errors.ts";

export type JsonObject = Readonly<Record<string, unknown>>;
export type Decoder<Value> = (field: string, value: unknown) => Value;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const anObject: Decoder<JsonObject> = (field, value) => {
  if (!isObject(value)) throw invalidValue(field, value, "an object");
  return value;
};

export const aString: Decoder<string> = (field, value) => {
  if (typeof value !== "string" || value === "")
    throw invalidValue(field, value, "a string that is not empty");
  return value;
};

export const anAbsolutePath: Decoder<string> = (field, value) => {
  if (typeof value !== "string" || !value.startsWith("/") || value.includes("\0")) {
    throw invalidValue(field, value, "an absolute path");
  }
  return value;
};

/** JSON has no integers: beyond 2^53 the number that was written is not the number that arrives. */
export const aCount: Decoder<number> = (field, value) => {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw invalidValue(field, value, "a whole number, 0 or above");
  }
  return value;
};

export function oneOf<const Choice extends string>(choices: readonly Choice[]): Decoder<Choice> {
  return (field, value) => {
    const choice = choices.find((known) => known === value);
    if (choice === undefined) throw invalidValue(field, value, `one of ${choices.join(", ")}`);
    return choice;
  };
}

/** Null is what Go's encoders write for "nothing". */
export function isPresent(object: JsonObject, key: string): boolean {
  return object[key] !== undefined && object[key] !== null;
}

/** undefined where the object does not have the field. */
export function optional<Value>(
  object: JsonObject,
  prefix: string,
  key: string,
  decode: Decoder<Value>,
): Value | undefined {
  return isPresent(object, key) ? decode(prefix + key, object[key]) : undefined;
}

/** A typo must not become an unlimited pod: a key that is not known is an error that shows the ones that are. */
export function refuseUnknownKeys(
  object: JsonObject,
  prefix: string,
  known: readonly string[],
  /** What to write in the place of some. */
  instead: Readonly<Record<string, string>> = {},
): void {
  const unknown = Object.keys(object).filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  const hints = new Set(
    unknown.filter((key) => Object.hasOwn(instead, key)).map((key) => `; ${instead[key]}`),
  );
  throw new CniError(
    ErrorCode.invalidConfig,
    `unknown key ${excerpt(unknown, prefix)}: known are ${known.join(", ")}${[...hints].join("")}`,
  );
}

/** As many as somebody reads. */
function excerpt(keys: readonly string[], prefix: string): string {
  const shown = keys.slice(0, 5).map((key) => JSON.stringify(prefix + key));
  return keys.length > shown.length
    ? `${shown.join(", ")} and ${keys.length - shown.length} more`
    : shown.join(", ");
}
