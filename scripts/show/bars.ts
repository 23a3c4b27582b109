/** Throughput as bars with the cap drawn in (pure). */
import { paint, type Tone } from "./paint.ts";

/** What arrived in one second, in Mbit/s. */
export interface Sample {
  readonly fromPod: number;
  readonly toPod: number;
}

const WIDTH = 27;

/** The right end of every bar, in Mbit/s: a little more than the load the demo offers. */
export const SCALE = 125;

/** One line for one second: both directions side by side, 78 columns. */
export const barLine = (second: number, sample: Sample, cap: number | undefined): string =>
  [
    `${String(second).padStart(4)} s `,
    bar(sample.fromPod, cap, "from"),
    figure(sample.fromPod),
    "  ",
    bar(sample.toPod, cap, "to"),
    figure(sample.toPod),
  ].join("");

/** Stands above the bars and says what they are. */
export const barHead = (cap: number | undefined): string => {
  const of = cap === undefined ? "Mbit/s" : `Mbit/s, cap ${cap}`;
  return `${" ".repeat(7)}${`from the pod, ${of}`.padEnd(WIDTH + 8)}to the pod, ${of}`;
};

/** Eighths of a cell, so that a difference of one per cent shows. */
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/** `scale`: its right end, in Mbit/s. */
export const bar = (mbit: number, cap: number | undefined, tone: Tone, scale = SCALE): string => {
  const eighths = Math.round((Math.min(mbit, scale) / scale) * WIDTH * 8);
  const full = "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
  const cells = full.padEnd(WIDTH, " ");
  if (cap === undefined) return paint(tone, cells);
  const at = column(cap, scale);
  // The cap has a column of its own, the first one that a bar below the cap cannot fill.
  return paint(tone, cells.slice(0, at)) + paint("cap", "│") + paint(tone, cells.slice(at + 1));
};

const column = (cap: number, scale: number): number => Math.ceil((cap / scale) * WIDTH);

const figure = (mbit: number): string => mbit.toFixed(1).padStart(6);
