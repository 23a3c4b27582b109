/** A cap, and what the ceiling of the pod's namespace makes of it. Pure. */

/** A limit in bit/s, with the burst in bits if somebody asked for one, and the field that asked, for messages. */
export type Cap = {
  readonly rate: number;
  readonly burst: number | undefined;
  readonly source: string;
  readonly burstSource: string | undefined;
  /** What was asked for, where a ceiling cut it. */
  readonly cutFrom?: Pick<Cap, "rate" | "source">;
};

/** A burst that was asked for stays: it is no rate. */
export function underCeiling(requested: Cap | undefined, ceiling: Cap | undefined): Cap | undefined {
  if (ceiling === undefined || requested === undefined) return requested ?? ceiling;
  if (requested.rate <= ceiling.rate) return requested;
  const { rate, source } = requested;
  return { ...requested, rate: ceiling.rate, source: ceiling.source, cutFrom: { rate, source } };
}

export function cutWarnings(caps: readonly (Cap | undefined)[]): readonly string[] {
  return caps.flatMap((cap) =>
    cap?.cutFrom === undefined
      ? []
      : [`${cap.cutFrom.source}: ${cap.cutFrom.rate} bit/s is cut to ${cap.rate} bit/s by ${cap.source}`],
  );
}
