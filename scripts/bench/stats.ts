/** From samples to figures. Pure. */

export type Spread = {
  readonly min: number;
  readonly p25: number;
  readonly median: number;
  readonly p75: number;
};

/** No mean and no maximum: a shared machine only ever adds time, and one bad second must not speak for a run. */
export function spread(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((one, other) => one - other);
  return {
    min: quantile(sorted, 0),
    p25: quantile(sorted, 0.25),
    median: quantile(sorted, 0.5),
    p75: quantile(sorted, 0.75),
  };
}

/** Between the two neighbours in proportion; NaN of nothing, so that no comparison with it holds. */
export function quantile(sorted: readonly number[], fraction: number): number {
  const place = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** Every sample over the other's median: a ratio with the spread of what is above the line. */
export function ratio(samples: readonly number[], base: readonly number[]): Spread {
  const one = spread(base).median;
  return spread(samples.map((sample) => sample / one));
}
