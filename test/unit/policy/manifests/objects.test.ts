/** The random objects that API server and plugin are held to each other with, seen from the plugin's side alone. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { edges } from "../../../lab/policy/objects/edges.ts";
import { anyObject } from "../../../lab/policy/objects/mutated.ts";
import { refused, taken } from "../../../lab/policy/objects/upstream.ts";
import { validObject } from "../../../lab/policy/objects/valid.ts";
import { refusalOf } from "../../../lab/policy/objects/verdict.ts";
import { repetitions } from "../../../lab/measure/repetitions.ts";
import { seed } from "../../../lab/measure/seed.ts";

const run = { seed, numRuns: repetitions(2000) };

describe("a random object", () => {
  it("that is valid is taken", () => {
    fc.assert(
      fc.property(validObject, (object) => {
        expect(refusalOf(object)).toBeUndefined();
      }),
      run,
    );
  });

  it("that may be mutated is taken or refused in words, each often enough to be a test", () => {
    const refusals = fc.sample(anyObject, run).map(refusalOf);
    const told = refusals.filter((refusal) => refusal !== undefined);
    expect(told.length / run.numRuns).toBeGreaterThan(0.2);
    expect(told.length / run.numRuns).toBeLessThan(0.8);
    expect(new Set(told.map((refusal) => refusal.replaceAll(/\d+|"[^"]*"/g, "")))).toSatisfy(
      (kinds: ReadonlySet<string>) => kinds.size > run.numRuns / 20,
    );
  });
});

it.each(edges)("the edges of $of", ({ good, bad }) => {
  expect(good.map(refusalOf)).toEqual(good.map(() => undefined));
  expect(bad.map(refusalOf)).toEqual(bad.map((): unknown => expect.any(String)));
});

describe("of upstream's objects", () => {
  it.each(taken.filter(({ knowsBetter }) => knowsBetter === undefined))("taken: $title", ({ object }) => {
    expect(refusalOf(object)).toBeUndefined();
  });

  it.each([...refused, ...taken.filter(({ knowsBetter }) => knowsBetter !== undefined)])(
    "refused: $title",
    ({ object }) => {
      expect(refusalOf(object)).toEqual(expect.any(String));
    },
  );
});
