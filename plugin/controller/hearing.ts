/** When each node's agent was last heard. Pure: the time comes in as a value. */
import type { QosNode } from "../report/qos-node.ts";

/** By the QoSNode's UID. */
export type Hearings = ReadonlyMap<string, { readonly renewed: string; readonly heardMs: number }>;

/**
 * A report that is newer than the one before was written just now, whatever the node's clock says. Of the first one that we see
 * the node's clock is all that there is to go by.
 */
export function heardNow(before: Hearings, nodes: readonly QosNode[], nowMs: number): Hearings {
  return new Map(
    nodes.flatMap(({ uid, status }) => {
      if (status === undefined) return [];
      const { renewed } = status;
      const last = before.get(uid);
      if (last?.renewed === renewed) return [[uid, last]];
      const isNewer = last !== undefined && Date.parse(renewed) > Date.parse(last.renewed);
      return [[uid, { renewed, heardMs: isNewer ? nowMs : Math.min(nowMs, Date.parse(renewed)) }]];
    }),
  );
}

/**
 * While we did not listen nobody could be heard. Whoever was heard lately then has some time to be heard again before it counts as
 * silent: longer than an agent takes from one report to the next.
 */
export function afterDeafness(
  before: Hearings,
  { beganMs, endedMs }: { readonly beganMs: number; readonly endedMs: number },
  silentAfterMs: number,
): Hearings {
  const least = endedMs - silentAfterMs + Math.min(graceMs, silentAfterMs);
  return new Map(
    Array.from(before, ([uid, { renewed, heardMs }]) => {
      const wasLive = beganMs - heardMs <= silentAfterMs;
      return [uid, { renewed, heardMs: wasLive ? Math.max(heardMs, least) : heardMs }];
    }),
  );
}

const graceMs = 90_000;
