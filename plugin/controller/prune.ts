/** QoSNodes of nodes that are gone: removed, after a while in which the node could have come to be known. */
import { messageOf } from "../errors.ts";
import type { Connection } from "../kube/connect.ts";
import { ServerError } from "../kube/errors.ts";
import { remove } from "../kube/write.ts";
import type { Log } from "../log.ts";
import { qosNodeResource } from "../report/qos-node.ts";
import type { ClusterView } from "./view.ts";

/** The watches of Nodes and QoSNodes do not come in step. */
const goneMs = 2_000;
/** An agent may go on writing for a node that was deleted under it. */
const againMs = 60_000;

export function createPruner(pruning: {
  readonly connection: Connection;
  readonly log: Log;
  readonly signal: AbortSignal;
}) {
  /** By name: not before this time. */
  let waiting = new Map<string, number>();
  return {
    /** Says after how many milliseconds more will be due. */
    prune: ({ qosNodes, nodes }: Pick<ClusterView, "qosNodes" | "nodes">, nowMs: number): number => {
      // A cluster without any node is one whose nodes we cannot see.
      const gone = nodes.size === 0 ? [] : qosNodes.filter(({ name }) => !nodes.has(name));
      waiting = new Map(gone.map(({ name }) => [name, waiting.get(name) ?? nowMs + goneMs]));
      for (const one of gone) {
        if ((waiting.get(one.name) ?? 0) > nowMs) continue;
        waiting.set(one.name, nowMs + againMs);
        void removeOne(pruning, one);
      }
      return Math.min(...waiting.values()) - nowMs;
    },
  };
}

async function removeOne(
  { connection, log, signal }: Parameters<typeof createPruner>[0],
  { name, uid, version: resourceVersion }: ClusterView["qosNodes"][number],
): Promise<void> {
  try {
    await remove(connection, { resource: qosNodeResource, name, only: { uid, resourceVersion }, signal });
    log("info", `node ${name} is gone: its QoSNode has been removed`);
  } catch (error) {
    // It was written anew, or somebody else removed it.
    if (error instanceof ServerError && (error.status === 409 || error.status === 404)) return;
    if (!signal.aborted) log("warn", `the QoSNode of node ${name}, which is gone: ${messageOf(error)}`);
  }
}
