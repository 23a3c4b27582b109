/** How a list or watch can end. Pure types. */
import type { Timing } from "./timing.ts";

/** `had`: how many objects are known. */
export type Answer =
  | { readonly kind: "listed"; readonly version: string; readonly count: number; readonly had: number }
  | { readonly kind: "list failed"; readonly failure: Failure }
  | { readonly kind: "watch failed"; readonly failure: Failure; readonly watched: Watched }
  | { readonly kind: "watch ended"; readonly watched: Watched }
  | { readonly kind: "watch silent"; readonly watched: Watched };

/** How long it was open, and whether it brought an event or a bookmark. */
export type Watched = { readonly lasted: number; readonly hasEvents: boolean };

/** Without a status: no answer came, or it was cut. */
export type Failure = {
  readonly status?: number;
  readonly isAhead?: boolean;
  readonly retryAfter?: number;
  readonly message: string;
};

export type Given = {
  readonly now: number;
  /** 0 to 1 */
  readonly chance: number;
  /** How many good answers the server has given, to whomever. */
  readonly answers: number;
  readonly timing: Timing;
};
