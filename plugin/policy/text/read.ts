/**
 * What stands in a document, read by a schema of zod. Pure. Every fault becomes what an operator needs: the field, the value as it
 * was written, what is allowed.
 */
import * as z from "zod/mini";
import type { JsonObject } from "../../cni/fields.ts";
import { CniError, ErrorCode, invalidValue } from "../../errors.ts";
import type { Fault, FieldValue } from "./schema.ts";

/** Throws the first fault. `value`: JSON, under the name `field`. */
export function read<Schema extends z.ZodMiniType>(
  field: string,
  value: unknown,
  schema: Schema,
): z.output<Schema> {
  const result = attempt(schema, value);
  if (result.success) return result.data;
  throw refusal({ field, value }, outermost(result.error.issues));
}

/** In a transform: by another schema, which depends on what was read. */
export function readWithin<Schema extends z.ZodMiniType>(
  { issues }: z.core.ParsePayload,
  at: string,
  value: unknown,
  schema: Schema,
): z.output<Schema> {
  const { data, error } = attempt(schema, value);
  for (const issue of error?.issues ?? [])
    issues.push({ ...issue, input: undefined, path: [at, ...issue.path] } as z.core.$ZodRawIssue);
  return data ?? z.NEVER;
}

function attempt<Schema extends z.ZodMiniType>(
  schema: Schema,
  value: unknown,
): z.util.SafeParseResult<z.output<Schema>> {
  return z.safeParse(schema, value, { error: allowedBy });
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

function allowedBy(issue: z.core.$ZodRawIssue): string {
  if (issue.code === "invalid_value") return `one of ${issue.values.join(", ")}`;
  if (issue.code === "unrecognized_keys") return `known are ${keysOf(issue.inst).join(", ")}`;
  if (issue.code !== "invalid_type") return "";
  return kinds[issue.expected] ?? issue.expected;
}

const kinds: Readonly<Record<string, string>> = { object: "an object", array: "a list", string: "a string" };

/** Those that are there to be refused, with a better reason, are not among them. */
function keysOf(schema: unknown): readonly string[] {
  if (!(schema instanceof z.ZodMiniObject)) return [];
  return Object.entries(schema.def.shape).flatMap(([key, entry]) => (isRefused(entry) ? [] : [key]));
}

function isRefused(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodMiniOptional || schema instanceof z.ZodMiniNullable)
    return isRefused(schema.def.innerType);
  return schema instanceof z.ZodMiniNever;
}

/** zod tells of keys that it does not know behind the fields of their object: a misspelt one says more than what is missing. */
function outermost(issues: readonly Issue[]): Issue {
  const [first] = issues;
  if (first === undefined) throw new Error("zod refused and did not say what");
  const around = issues.filter(
    ({ code, path }) => code === "unrecognized_keys" && path.every((key, at) => key === first.path[at]),
  );
  return around.toSorted((one, other) => one.path.length - other.path.length)[0] ?? first;
}

function refusal(root: FieldValue, issue: Issue): CniError {
  const place = (path: Path): FieldValue => ({
    field: fieldOf(root.field, path),
    value: path.reduce((value, key) => (value as JsonObject | undefined)?.[String(key)], root.value),
  });
  const { field, value } = place(issue.path);
  if (issue.code === "unrecognized_keys") return unknownKeys(field, issue.keys, issue.message);
  if (issue.code === "invalid_type" && issue.expected === "never") return saying(field, issue.message);
  const fault = issue.code === "custom" ? (issue.params?.["fault"] as Fault | undefined) : undefined;
  if (fault === undefined) return invalidValue(field, value ?? null, issue.message);
  if ("sentence" in fault) {
    const { sentence } = fault;
    return saying(field, typeof sentence === "string" ? sentence : sentence({ field, value }));
  }
  const around = issue.path.slice(0, issue.path.length - (fault.at?.length ?? 0));
  const { allowed, key } = fault;
  return invalidValue(
    key === undefined ? field : `${field}[${JSON.stringify(key)}]`,
    ("value" in fault ? fault.value : key === undefined ? value : (value as JsonObject)[key]) ?? null,
    typeof allowed === "string" ? allowed : allowed((...at) => place([...around, ...at])),
  );
}

function saying(field: string, sentence: string): CniError {
  return new CniError(ErrorCode.invalidConfig, `${field}: ${sentence}`);
}

function fieldOf(root: string, path: Path): string {
  return path.reduce<string>(
    (field, key) =>
      typeof key === "number" ? `${field}[${key}]` : field === "" ? String(key) : `${field}.${String(key)}`,
    root,
  );
}

/** As many as somebody reads. */
const mostShown = 5;

/** A typo must not become an unlimited pod. */
function unknownKeys(field: string, keys: readonly string[], known: string): CniError {
  const shown = keys.slice(0, mostShown).map((key) => JSON.stringify(fieldOf(field, [key])));
  const more = keys.length > mostShown ? ` and ${keys.length - mostShown} more` : "";
  return new CniError(ErrorCode.invalidConfig, `unknown key ${shown.join(", ")}${more}: ${known}`);
}
