/** A label selector of the conf. Pure. A part of the executable by itself: it brings zod, and few confs have a selector. */
import * as z from "zod/mini";
import { read } from "../text/read.ts";
import { selector } from "./read-selector.ts";
import type { Selector } from "./selector.ts";

/** Absent and null are no condition. */
export function parseSelector(field: string, value: unknown): Selector {
  return read(field, value, z.nullish(selector())) ?? [];
}
