/** Whether what is put back is a fight: once is a restart of something, or a person who tries something out. Pure. */

/** When something of an attachment was put back, in milliseconds. */
export type Times = readonly number[];

/** What only the round finds comes every ten minutes. */
const withinMs = 3_600_000;
const often = 3;

export function laterThan(times: Times, nowMs: number): Times {
  return times.filter((time) => nowMs - time < withinMs).slice(-often);
}

export function isRepeated(times: Times): boolean {
  return times.length >= often;
}
