/** What a run says: every measured thing with its figures, and its ratios to others of the same run. Pure. */
import * as z from "zod/mini";
import { ratio, spread } from "./stats.ts";

/** One measured thing. `subject` and `title` together name it, in this run and in later ones. */
export type Measured = {
  readonly group: Group;
  readonly subject: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
  /** What it is divided by, and the limit where one of these ratios has a budget. */
  readonly against: readonly Against[];
};

export type Group = "start-up" | "traffic";

export type Metric = { readonly name: string; readonly unit: string; readonly samples: readonly number[] };

export type Against = {
  readonly subject: string;
  readonly title: string;
  readonly budget?: { readonly metric: string; readonly limit: number };
};

export function reportOf(about: About, measured: readonly Measured[]): Report {
  const results = measured.map(({ against, metrics, ...rest }) => ({
    ...rest,
    metrics: metrics.map((metric) => ({ ...metric, ...spread(metric.samples) })),
    ratios: against.flatMap((other) => ratiosTo(other, metrics, measured)),
  }));
  return { version: 1, about, results };
}

/** What was not measured this time, such as a peer that is not installed, gives no ratio. */
function ratiosTo(
  { subject, title, budget }: Against,
  metrics: readonly Metric[],
  all: readonly Measured[],
): readonly Ratio[] {
  const other = all.find((candidate) => candidate.subject === subject && candidate.title === title);
  return metrics.flatMap(({ name, samples }) => {
    const base = other?.metrics.find((candidate) => candidate.name === name);
    if (base === undefined) return [];
    const figures = ratio(samples, base.samples);
    const limit = budget?.metric === name ? budget.limit : undefined;
    const judged = limit === undefined ? {} : { limit, met: figures.median <= limit };
    return [{ metric: name, to: subject, ...figures, ...judged }];
  });
}

export function readReport(text: string): Report {
  return ReportShape.parse(JSON.parse(text));
}

const figures = { min: z.number(), p25: z.number(), median: z.number(), p75: z.number() };

const AboutShape = z.object({
  at: z.string(),
  kernel: z.string(),
  police: z.boolean(),
  cpus: z.number(),
  plugin: z.string(),
  node: z.string(),
  runs: z.number(),
  /** Before the run: processes that others had running. */
  load: z.number(),
});

const RatioShape = z.object({
  metric: z.string(),
  to: z.string(),
  ...figures,
  limit: z.optional(z.number()),
  met: z.optional(z.boolean()),
});

const ResultShape = z.object({
  group: z.enum(["start-up", "traffic"]),
  subject: z.string(),
  title: z.string(),
  metrics: z.array(
    z.object({ name: z.string(), unit: z.string(), samples: z.array(z.number()), ...figures }),
  ),
  ratios: z.array(RatioShape),
});

const ReportShape = z.object({ version: z.literal(1), about: AboutShape, results: z.array(ResultShape) });

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

export type About = DeepReadonly<z.infer<typeof AboutShape>>;
export type Ratio = DeepReadonly<z.infer<typeof RatioShape>>;
export type Result = DeepReadonly<z.infer<typeof ResultShape>>;
export type Report = DeepReadonly<z.infer<typeof ReportShape>>;
