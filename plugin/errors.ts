/**
 * Every failure reported to a runtime is a CniError: made where the facts are known, mapped to stdout once, in main.ts.
 * `message` says what failed for which pod in an operator's words; `details` says why, with what the kernel or tool said.
 */
export const ErrorCode = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  invalidEnvironment: 4,
  io: 5,
  decode: 6,
  invalidConfig: 7,
  invalidNetns: 8,
  tryAgainLater: 11,
  notAvailable: 50,
  kernelRefused: 100,
  foreignObject: 101,
  missingFeature: 102,
  /** skel's code for a failure with no better one. */
  internal: 999,
} as const;

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

export class CniError extends Error {
  readonly code: ErrorCode;
  readonly details: string;

  constructor(code: ErrorCode, message: string, details = "") {
    super(message);
    this.name = "CniError";
    this.code = code;
    this.details = details;
  }

  /** By name: in the executable each part that is loaded on its own has a copy of this class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "CniError";
  }
}

/** Something is wrong with the command line itself, which no runtime writes: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";

  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "UsageError";
  }
}

/** A request or a conf that cannot be: names the field, shows the value as it was written, says what is allowed. */
export function invalidValue(field: string, value: unknown, allowed: string): CniError {
  return new CniError(ErrorCode.invalidConfig, `${field}: ${show(value)} is not valid: ${allowed}`);
}

/** The same error, with what was being attempted put before it. */
export function withContext(error: CniError, context: string): CniError {
  return new CniError(error.code, `${context}: ${error.message}`, error.details);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function show(value: unknown): string {
  const text = asJson(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Text can be nested deeper than the stack is: JSON.parse takes that, JSON.stringify does not.
    return "what was given, too deep to show,";
  }
}
