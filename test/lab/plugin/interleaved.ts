/** Calls for one attachment, begun at moments of chance, some of them killed at one. */
import { array, boolean, constant, constantFrom, integer, option, record, sample } from "fast-check";
import { callDetached, inWords, type Moment, type Span } from "./kill.ts";
import type { Plug } from "./plug.ts";
import type { ExecResult } from "../node/process.ts";

/** GC that lists the pod, and GC that does not. */
export type Deed = "ADD" | "other ADD" | "DEL" | "GC" | "GC of others";

export interface Step {
  readonly deed: Deed;
  /** Milliseconds after the first. */
  readonly at: number;
  /** SIGKILL: of the plugin, or of its tools too. */
  readonly kill: (Moment & { readonly whole: boolean }) | undefined;
}

export interface Done extends Step {
  readonly begun: number;
  readonly ended: number;
  readonly result: ExecResult;
}

/** The span tells about how long one call takes here. */
export const interleavings = (
  count: number,
  seed: number,
  { toRecord, fromRecord }: Span,
): readonly (readonly Step[])[] => {
  const span = toRecord + fromRecord;
  const deed = constantFrom<Deed[]>("ADD", "ADD", "other ADD", "other ADD", "DEL", "GC", "GC of others");
  const kill = option(
    record({
      after: constant("start"),
      ms: integer({ min: Math.floor(span * 0.4), max: Math.ceil(span * 1.5) }),
      whole: boolean(),
    }),
    { freq: 2, nil: undefined },
  );
  const step = record({ deed, at: integer({ min: 0, max: Math.ceil(span * 2) }), kill });
  return sample(array(step, { minLength: 2, maxLength: 4 }), { numRuns: count, seed });
};

export const perform = (
  pod: Plug,
  steps: readonly Step[],
  confOf: (deed: Deed) => object,
): Promise<readonly Done[]> =>
  Promise.all(
    steps.map(async (step): Promise<Done> => {
      await new Promise((resolve) => setTimeout(resolve, step.at));
      const begun = performance.now();
      const verb = VERBS[step.deed];
      const result = await callDetached(pod, verb, { ...pod.conf, ...confOf(step.deed) }, step.kill);
      return { ...step, begun, ended: performance.now(), result };
    }),
  );

const VERBS = { ADD: "ADD", "other ADD": "ADD", DEL: "DEL", GC: "GC", "GC of others": "GC" } as const;

export const said = (steps: readonly Step[]): string =>
  steps
    .map(({ deed, at, kill }) => {
      const end = kill && `, ${inWords(kill)}${kill.whole ? " with its tools" : ""}`;
      return `${deed} at ${at} ms${end ?? ""}`;
    })
    .join("; ");
