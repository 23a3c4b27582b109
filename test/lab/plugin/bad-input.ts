/** What ADD must refuse: where it is written, the code, and the words of the message that lead an operator to it. */
export interface BadInput {
  readonly title: string;
  readonly code: 2 | 7;
  readonly names: readonly string[];
  readonly conf?: Readonly<Record<string, unknown>>;
  readonly annotations?: unknown;
  readonly bandwidth?: unknown;
}

/** A field, a value that it must not have, and what else the message tells. */
export type Row = readonly [field: string, value: unknown, ...alsoNamed: string[]];

export const written = (value: unknown): string => JSON.stringify(value) ?? "";

/** What a message says of every bandwidth. */
export const allowed = "from 1k to 1P";
