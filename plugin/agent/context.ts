/** What the parts of the loop share. */
import type { Log } from "../log.ts";
import type { Destinations } from "./destinations.ts";
import type { Reporter } from "./events/reporter.ts";
import type { Metrics } from "./metrics.ts";
import type { News } from "./news.ts";
import type { Served } from "./options.ts";
import type { States } from "./states.ts";
import type { Standings } from "./status/standings.ts";
import type { Came } from "./work.ts";
import type { World } from "./world.ts";

/** The world is replaced as a whole. */
export type Loop = {
  readonly options: Served;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly metrics: Metrics;
  readonly states: States;
  readonly destinations: Destinations;
  readonly standings: Standings;
  /** Events, on pods and objects. */
  readonly events: Reporter;
  readonly world: () => World;
  readonly setWorld: (world: World) => void;
  readonly tell: (news: News) => void;
  /** Of a file of a runtime's cache: gives what it speaks of a record, where it has none. */
  readonly adopt: (path: string) => Promise<Came>;
  /** Reads the records again; which are others than before. */
  readonly readRecords: () => readonly string[];
};
