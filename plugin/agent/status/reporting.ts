/** The report of this node to the cluster, for as long as the API server speaks for our cluster. */
import { ownBuild } from "../../attachment/build.ts";
import type { KnownObject } from "../../knowledge/snapshot.ts";
import { listUplinks, readStanding } from "../../state/uplinks.ts";
import { quantityText } from "../../policy/uplink/words.ts";
import type { WriteStatus } from "../api/qos-node.ts";
import type { Loop } from "../context.ts";
import type { World } from "../world.ts";
import { microTime, startPublisher, type Publisher } from "./publish.ts";
import { reportOf } from "./report.ts";
import { isUndecided } from "./standings.ts";

export type Reporter = Publisher & {
  /** undefined: there is no server of our cluster now. */
  readonly use: (write: WriteStatus | undefined) => void;
};

/** What it needs of the loop. */
export type Reported = Pick<Loop, "log" | "signal" | "standings"> & {
  readonly options: Pick<Loop["options"], "stateDir">;
  readonly metrics: {
    readonly statusWrites: { readonly inc: (labels: { readonly result: string }) => void };
  };
  readonly states: Pick<Loop["states"], "isInStep" | "whenStepChanges">;
  readonly world: () => Pick<World, "view" | "records">;
};

export function startReporter(reported: Reported): Reporter {
  const { options, log, signal, metrics, states, standings, world } = reported;
  const agent = { version: ownBuild, started: microTime(new Date()) };
  const specs = createSpecs();
  let write: WriteStatus | undefined;
  const publisher = startPublisher({
    report: () => {
      const { view, records } = world();
      if (write === undefined || view === undefined || !states.isInStep()) return undefined;
      const uplink = uplinksOf(options.stateDir);
      const report = reportOf({ view, records, standings: standings.all(), agent, uplink });
      return { report, marks: specs(view.snapshot.objects) };
    },
    isSettled: () => ![...standings.all().values()].some(isUndecided),
    write: async (status) => (write === undefined ? "missing" : await write(status)),
    count: (result) => metrics.statusWrites.inc({ result }),
    log,
    signal,
  });
  standings.whenChanged(publisher.change);
  states.whenStepChanges(publisher.change);
  return {
    change: publisher.change,
    use: (next) => {
      write = next;
      publisher.change();
    },
  };
}

/** The same number for the same objects in the same forms: an event that changes no spec is no reason to write. */
function createSpecs(): (objects: readonly KnownObject[]) => number {
  let before: ReadonlySet<KnownObject> = new Set();
  let last: readonly KnownObject[] = [];
  let number = 0;
  return (objects) => {
    if (objects === last) return number;
    last = objects;
    const isSame = objects.length === before.size && objects.every((object) => before.has(object));
    before = new Set(objects);
    return isSame ? number : (number += 1);
  };
}

function uplinksOf(stateDir: string): string {
  return listUplinks(stateDir)
    .flatMap((device) => readStanding(stateDir, device) ?? [])
    .map(({ uplink }) => `${uplink.device} ${quantityText(uplink.rate)}`)
    .join(", ");
}
