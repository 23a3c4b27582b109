/** One attachment in full: what it was given, every kernel object of it, and whether each is as it should be. */
import { observe } from "../kernel/observe-in-turn.ts";
import { describe, drift, type Program } from "../program/program.ts";
import type { AttachmentRecord } from "../state/record.ts";
import { isLive } from "../attachment/live.ts";
import { podOf } from "./names.ts";
import { readAllDrops, readCounters, type Node } from "./node.ts";
import { readStepsOf, stepOf, type Step } from "./step.ts";
import { podFaults } from "../attachment/uplink/faults.ts";

export type Inspection = {
  readonly pod: string;
  readonly record: AttachmentRecord;
  readonly objects: readonly { readonly place: string; readonly object: string }[];
  readonly counters: {
    readonly sentBytes?: number;
    readonly receivedBytes?: number;
    readonly dropped: number;
  };
  /** Whether it has what is requested now. */
  readonly step: Step;
  /** Sentences; none when all is well. */
  readonly drift: readonly string[];
};

export async function inspection(stateDir: string, record: AttachmentRecord): Promise<Inspection> {
  const { netns, programs, membership } = record;
  const isThere = isLive(stateDir, record);
  const reachable = programs.filter(({ place }) => place === "node" || isThere);
  const [observed, ofUplink] = await Promise.all([
    observe(reachable, netns),
    membership === undefined ? [] : podFaults(stateDir, membership),
  ]);
  const found = [...drift(observed), ...ofUplink];
  const alone: Node = { attachments: [record], unreadable: [], uplinks: [], troubles: null };
  const { links } = await readCounters(alone);
  const [dropped = 0] = await readAllDrops(alone, isThere ? "pods" : "node");
  return {
    pod: podOf(record.pod),
    record,
    objects: programs.flatMap(objectsOf),
    counters: { ...links[0], dropped },
    step: stepOf(readStepsOf(stateDir), record.identity),
    drift: isThere ? found : [`its network namespace ${netns} is gone: DEL has not come yet`, ...found],
  };
}

function objectsOf(program: Program): Inspection["objects"] {
  return describe([program]).map((object) => ({ place: program.place, object }));
}
