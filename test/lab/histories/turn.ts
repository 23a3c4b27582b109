/** A change at which the agent is ended, and what a runtime calls for the same pod meanwhile. Pure. */
import * as fc from "fast-check";
import { histories, said, type History } from "./history.ts";
import type { Said } from "./input.ts";

/** By the conf that the runtime had loaded before; GC that lists the pod, and GC that does not. */
export type Deed = "ADD" | "old ADD" | "DEL" | "GC" | "GC of others";

/** Of one pod: what it says changes. */
export type Turn = {
  readonly before: Said;
  readonly after: Said;
  /**
   * When its runtime begins: so long after the change, or once the agent is seen at work at it. A runtime that is quicker than
   * the agent leaves it nothing to do, and no moment to be killed at.
   */
  readonly deedsFrom: number | "the agent's work";
  /** One after the other, as a runtime calls for one pod. */
  readonly deeds: readonly { readonly deed: Deed; readonly pauseMs: number }[];
  /** The agent's tools end with it. */
  readonly whole: boolean;
};

/** Pods of one network; with the first turn its conf and objects change, from the start of the history to its end. */
export type Scene = { readonly history: History; readonly turns: readonly Turn[] };

/** With so many turns in all; the same ones for the same seed. */
export const scenes = (count: number, turnsOfEach: number, seed: number): readonly Scene[] => {
  const turns = fc.sample(turn, { numRuns: count, seed });
  return histories(Math.ceil(count / turnsOfEach), seed).map((history, at) => ({
    history,
    turns: turns.slice(at * turnsOfEach, (at + 1) * turnsOfEach),
  }));
};

/** Whether the pod is there by its runtime's last word. */
export const stays = ({ deeds }: Turn): boolean => {
  const last = deeds.findLast(({ deed: each }) => each !== "GC of others")?.deed;
  return last === undefined || last === "ADD" || last === "old ADD";
};

const deed = fc.constantFrom<Deed[]>("ADD", "ADD", "old ADD", "DEL", "GC", "GC of others");

/** Whatever else it says, its cap comes or goes. */
const turn: fc.Arbitrary<Turn> = fc
  .record({
    before: said.map((word) => ({ ...word, cap: undefined })),
    after: said.map((word) => ({ ...word, cap: "3M" })),
    deedsFrom: fc.oneof(
      { weight: 3, arbitrary: fc.constant("the agent's work" as const) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 300 }) },
    ),
    deeds: fc.array(fc.record({ deed, pauseMs: fc.integer({ min: 0, max: 120 }) }), { maxLength: 3 }),
    whole: fc.boolean(),
  })
  .chain((each) =>
    fc.boolean().map((isBack) => (isBack ? { ...each, before: each.after, after: each.before } : each)),
  );
