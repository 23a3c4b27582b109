/** What the conf directory says by now, for decisions and for ADD. */
import { writeSnapshot } from "../state/live/snapshot.ts";
import { messageOf } from "../errors.ts";
import type { ApiView } from "./view/view.ts";
import { networksThatDiffer, readConfs } from "./node/confs.ts";
import type { Loop } from "./context.ts";

export function confsChanged(loop: Loop): void {
  const { options, log, metrics, world, setWorld, tell } = loop;
  const before = world().confs;
  const confs = readConfs(options.confDir, options.stateDir);
  for (const fault of confs.faults.filter((each) => !before.faults.includes(each))) log("warn", fault);
  metrics.confFaults.set(confs.faults.length);
  const { view } = world();
  setWorld({ ...world(), confs });
  writeForAdd(loop, view);
  tell({ kind: "confs", networks: networksThatDiffer(before, confs) });
}

/** A network that a conflist makes by now, or does not make any more, is so for new pods as well. */
function writeForAdd({ options, log, world }: Loop, before: ApiView | undefined): void {
  const { view } = world();
  if (view === undefined || view === before) return;
  try {
    writeSnapshot(options.stateDir, view.snapshot);
  } catch (error) {
    log("error", `the snapshot that ADD reads could not be written: ${messageOf(error)}`);
  }
}
