/** What the parts of the loop share. */
import type { Log } from "../log.ts";
import type { Metrics } from "./metrics.ts";
import type { News } from "./news.ts";
import type { Options } from "./options.ts";
import type { States } from "./states.ts";
import type { World } from "./world.ts";

/** The world is replaced as a whole. */
export type Loop = {
  readonly options: Options;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly metrics: Metrics;
  readonly states: States;
  readonly world: () => World;
  readonly setWorld: (world: World) => void;
  readonly tell: (news: News) => void;
  /** Reads the records again; which are others than before. */
  readonly readRecords: () => readonly string[];
};
