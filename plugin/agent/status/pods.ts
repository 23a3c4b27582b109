/** The pods of this node in figures: a pod counts once, whatever interfaces it has. Pure. */
import type { QosNodeStatus } from "../../report/qos-node.ts";
import type { Trouble } from "../../state/live/troubles.ts";
import { isBare, type AttachmentRecord } from "../../state/record.ts";
import type { Records } from "../node/records.ts";
import { isUndecided, type Standing } from "./standings.ts";

export type PodCounts = Pick<QosNodeStatus, "pods" | "limited" | "pending" | "failed">;

export function podsOf(records: Records, standings: ReadonlyMap<string, Standing>): PodCounts {
  const all = [...records].flatMap(([attachment, { record }]) =>
    record === undefined ? [] : [{ record, standing: standings.get(attachment) }],
  );
  const count = (is: (one: Attached) => boolean): number =>
    new Set(all.filter(is).map(({ record }) => record.asked?.uid ?? record.pod)).size;
  return {
    pods: count(() => true),
    limited: count(({ record }) => !isBare(record)),
    pending: count(isPending),
    failed: count(({ standing }) => troubleOf(standing)?.state === "failed"),
  };
}

type Attached = { readonly record: AttachmentRecord; readonly standing: Standing | undefined };

function isPending({ record, standing }: Attached): boolean {
  const isOutstanding = standing !== undefined && isUndecided(standing);
  return record.pending !== undefined || isOutstanding || troubleOf(standing)?.state === "pending";
}

/** Why an attachment is not in step; undefined where it is, or is no pod that runs. */
export function troubleOf(standing: Standing | undefined): Trouble | undefined {
  if (standing?.drift !== undefined) return { state: "failed", reason: standing.drift };
  const outcome = standing?.outcome;
  switch (outcome?.kind) {
    case "good":
      return outcome.reason === undefined ? undefined : { state: "failed", reason: outcome.reason };
    case "waiting":
      return { state: "pending", reason: outcome.reason };
    case "failed":
      return { state: "failed", reason: outcome.reason };
    case "left out":
    case undefined:
      return undefined;
  }
}
