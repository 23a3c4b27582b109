/** What may come to pass for one pod, at random, from its first ADD to input that is valid and stays. Pure. */
import * as fc from "fast-check";
import { classOf, selectsPod, type Input, type Qos, type Said } from "./input.ts";

export type Step =
  | { readonly kind: "change"; readonly change: Partial<Input>; readonly pauseMs: number }
  /** `isStale`: by the conf that the runtime had loaded before the last change. */
  | { readonly kind: "ADD"; readonly said: Said; readonly isStale: boolean; readonly pauseMs: number };

export type History = {
  readonly start: Input;
  readonly said: Said;
  readonly steps: readonly Step[];
};

/** The same ones for the same seed. */
export const histories = (count: number, seed: number): readonly History[] =>
  fc.sample(history, { numRuns: count, seed });

/** What the pod is decided by after so many steps; all of them, if it is not said. */
export const inputAfter = (
  { start, said, steps }: History,
  count = steps.length,
): { input: Input; said: Said } =>
  steps
    .slice(0, count)
    .reduce(
      (before, step) =>
        step.kind === "ADD"
          ? { ...before, said: step.said }
          : { ...before, input: { ...before.input, ...step.change } },
      { input: start, said },
    );

const oneOf = <Value>(...values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);

const qos: fc.Arbitrary<Qos> = fc.record({
  priority: oneOf(10, 10, 20),
  dscp: fc.integer({ min: 1, max: 62 }),
  rate: oneOf(undefined, 1000, 5000),
  to: oneOf(undefined, "203.0.113.0/24", "203.0.113.0/28", "0.0.0.0/0"),
  selects: oneOf("all", "web"),
});
const cap = oneOf("5M", "10M", "20M");
const classes = oneOf<Input["classes"]>(["gold", "silver"], ["silver", "gold"]);
const fallback = oneOf<Input["fallback"]>("gold", "silver", "bronze", undefined);
/** What a runtime says of a pod. */
export const said: fc.Arbitrary<Said> = fc.record({
  isGold: fc.boolean(),
  isSilver: fc.boolean(),
  cap: oneOf(undefined, undefined, "3M"),
});

const start: fc.Arbitrary<Input> = fc.record({
  zeta: fc.option(qos, { nil: undefined }),
  alpha: fc.option(qos, { nil: undefined }),
  marks: oneOf(undefined, [46], [46, 12]),
  egress: fc.option(cap, { nil: undefined }),
  ingress: fc.option(cap, { nil: undefined }),
  discipline: oneOf("shape", "police"),
  classes,
  fallback,
  rate: oneOf("30M", "40M"),
  broken: fc.constant(undefined),
});

const change: fc.Arbitrary<Partial<Input>> = fc.oneof(
  qos.map((zeta) => ({ zeta })),
  qos.map((alpha) => ({ alpha })),
  oneOf<Partial<Input>>({ zeta: undefined }, { alpha: undefined }, { marks: undefined }, { marks: [10, 20] }),
  qos.map((each) => ({ alpha: { ...each, selects: "nobody" as const } })),
  fc.option(cap, { nil: undefined }).map((ingress) => ({ ingress })),
  oneOf<Partial<Input>>({ discipline: "shape" }, { discipline: "police" }, { rate: "35M" }, { rate: "45M" }),
  classes.map((each) => ({ classes: each })),
  oneOf<Partial<Input>>({ broken: "object" }, { broken: "conf" }, { broken: "text" }),
);

/** Often at once, often into the midst of what the one before has begun, at times long after it. */
const pauseMs = oneOf(0, 10, 40, 90, 150, 220, 300, 450);

const changed = (of: fc.Arbitrary<Partial<Input>>): fc.Arbitrary<Step> =>
  fc.record({ kind: fc.constant("change" as const), change: of, pauseMs });

const added: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("ADD" as const),
  said,
  isStale: fc.boolean(),
  pauseMs,
});

/** A cap that comes and goes, a class move and a repeated ADD somewhere between the others; both objects in the end. */
const history: fc.Arbitrary<History> = fc
  .record({
    start,
    said,
    cap: changed(cap.map((egress) => ({ egress }))),
    noCap: changed(fc.constant({ egress: undefined })),
    move: changed(fallback.map((each) => ({ fallback: each }))),
    again: added,
    others: fc.array(fc.oneof({ weight: 5, arbitrary: changed(change) }, { weight: 1, arbitrary: added }), {
      minLength: 1,
      maxLength: 4,
    }),
    both: fc.tuple(qos, qos, pauseMs),
    order: fc.array(fc.nat(), { minLength: 10, maxLength: 10 }),
  })
  .map(({ start: first, said: word, cap: comes, noCap, move, again, others, both, order }): History => {
    const [zeta, alpha, pause] = both;
    const steps = [comes, noCap, move, again, ...others]
      .map((step, at) => ({ step, place: order[at] ?? 0 }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ step }) => step);
    const end: Step = { kind: "change", change: { zeta, alpha, broken: undefined }, pauseMs: pause };
    return { start: first, said: word, steps: mended([...steps, end]) };
  })
  .filter(hasAll);

/** A runtime that repeats an ADD while no pod can be served is refused: that is another test's matter. */
function mended(steps: readonly Step[]): readonly Step[] {
  return steps.flatMap((step): readonly Step[] =>
    step.kind === "ADD" ? [{ kind: "change", change: { broken: undefined }, pauseMs: 0 }, step] : [step],
  );
}

function hasAll(given: History): boolean {
  const moments = given.steps.map((_, at) => inputAfter(given, at + 1));
  const caps = moments.map(({ input }) => input.egress !== undefined);
  const comes = caps.indexOf(true);
  const last = moments.at(-1);
  return (
    comes >= 0 &&
    caps.slice(comes).includes(false) &&
    new Set(moments.map((moment) => classOf(moment.input, moment.said))).size > 1 &&
    selectsPod(last?.input.zeta) &&
    selectsPod(last?.input.alpha)
  );
}
