/** A running pod, a line a second: the marks of what it sends, and the rate of what it receives (pure). */
import { bar } from "./bars.ts";
import { paint } from "./paint.ts";

/** One second. */
export interface LiveSample {
  /** Packets that arrived with each mark. */
  readonly marks: Readonly<Record<Mark, number>>;
  /** Mbit/s to the pod. */
  readonly toPod: number;
  /** Mbit/s: what limits the pod by now. */
  readonly cap: number;
}

/** "other": with none of the three that it may have. */
export const MARKS = ["none", "EF", "AF11", "other"] as const;
export type Mark = (typeof MARKS)[number];

export const liveHead = (): string =>
  `${" ".repeat(7)}${"marks of packets sent".padEnd(WORDS)}to the pod, Mbit/s`;

export const liveLine = (second: number, { marks, toPod, cap }: LiveSample): string => {
  const seen = MARKS.filter((mark) => marks[mark] > 0).map((mark) => `${mark} ${marks[mark]}`);
  return [
    `${String(second).padStart(4)} s `,
    paint("from", seen.join(", ").padEnd(WORDS)),
    bar(toPod, cap, "to", SCALE),
    toPod.toFixed(1).padStart(6),
  ].join("");
};

export const editLine = (command: string): string => paint("bold", `     $ ${command}`);

const WORDS = 30;

/** The right end of a bar, in Mbit/s. */
const SCALE = 60;
