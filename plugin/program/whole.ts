/** What a value of a record must have to be taken for an object of ours. Pure. */
import { isObject } from "../cni/fields.ts";

export function hasTexts(value: unknown, keys: readonly string[]): boolean {
  return isObject(value) && keys.every((key) => typeof value[key] === "string");
}

export function hasLists(value: unknown, keys: readonly string[]): boolean {
  return isObject(value) && keys.every((key) => Array.isArray(value[key]));
}
