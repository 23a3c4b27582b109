/** Writes statuses: only what differs, at the pace of pace.ts, and never over an object that has changed meanwhile. */
import { messageOf } from "../errors.ts";
import type { Connection } from "../kube/connect.ts";
import { ServerError } from "../kube/errors.ts";
import { ownedResource } from "../kube/owned.ts";
import { isOlder } from "../kube/version.ts";
import { applyStatus } from "../kube/write.ts";
import type { Log } from "../log.ts";
import { decodeHead } from "./decode.ts";
import { afterRefusal, afterWrite, isOwn, remembered, timesOverwritten, type Memory } from "./memory.ts";
import { differenceOf, leftoverZones, statusBody, writtenIn, type Wanted } from "./object-status.ts";
import { backOffMs, waitOf } from "./pace.ts";
import type { QosObject } from "./view.ts";

export type Target = { readonly object: QosObject; readonly wanted: Wanted };

export type Writer = {
  /** Begins what is due, and says after how many milliseconds more will be. */
  readonly write: (
    targets: readonly Target[],
    now: { readonly nowMs: number; readonly nodes: number },
  ) => number;
};

type Writing = {
  readonly connection: Connection;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onDone: () => void;
};

/** One controller, or two by mistake: the fields have one owner. */
export const MANAGER = "pod-qos-controller";

const mostAtOnce = 8;

export function createWriter({ connection, log, signal, onDone }: Writing): Writer {
  /** By UID. */
  let memories = new Map<string, Memory>();
  const underWay = new Set<string>();
  let failures = 0;
  let notBeforeMs = 0;
  let said = "";

  const write = async ({ object, wanted }: Target): Promise<void> => {
    const { kind, namespace, name, uid, version } = object;
    underWay.add(uid);
    try {
      const answer = await applyStatus(connection, {
        resource: {
          ...ownedResource(kind === "EgressQoS" ? "egressqoses" : "networkqoses"),
          namespace,
        },
        kind,
        name,
        manager: MANAGER,
        signal,
        status: statusBody(wanted, object.written, wholeSeconds(Date.now())),
        only: {
          uid,
          resourceVersion: version,
        },
      });
      const before = memories.get(uid);
      const made = decodeHead(answer)?.version ?? version;
      const left = typeof answer === "object" && answer !== null ? writtenIn({ ...answer }) : object.written;
      const foreign = leftoverZones(left, wanted);
      if (before !== undefined)
        memories.set(uid, afterWrite(before, wanted, { version: made, foreign, nowMs: performance.now() }));
      failures = 0;
      said = "";
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ServerError && (error.status === 409 || error.status === 404))
        return refuse(object, error);
      const retryAfter = error instanceof ServerError ? (error.retryAfter ?? 0) : 0;
      notBeforeMs = performance.now() + Math.max(retryAfter, backOffMs(failures));
      failures += 1;
      const text = sentence(object, error);
      if (text !== said) log("warn", text);
      said = text;
    } finally {
      underWay.delete(uid);
      onDone();
    }
  };

  /** Until there is another version the same one is tried again, later each time. */
  const refuse = (object: QosObject, error: ServerError): void => {
    const before = memories.get(object.uid);
    if (before?.version !== object.version) return;
    const why = error.status === 404 ? "missing" : "conflict";
    const { memory, isToSay } = afterRefusal(before, why, performance.now());
    memories.set(object.uid, memory);
    if (isToSay) log("warn", sentence(object, error));
  };

  return {
    write: (targets, { nowMs, nodes }) => {
      memories = new Map(
        targets.map(({ object }) => [object.uid, remembered(memories.get(object.uid), object, nowMs)]),
      );
      let soonest = Number.POSITIVE_INFINITY;
      for (const target of targets) {
        const { object, wanted } = target;
        const memory = memories.get(object.uid) ?? remembered(undefined, object, nowMs);
        const { writtenMs, awaited, foreign, refused } = memory;
        if (underWay.has(object.uid) || isOlder(object.version, awaited)) continue;
        const overwritten = timesOverwritten(memory, wanted);
        const difference = differenceOf(object.written, wanted, { foreign, isOwn: isOwn(memory) });
        const wait = waitOf(difference, { writtenMs, nowMs, nodes, overwritten });
        if (wait === undefined) continue;
        const after = Math.max(wait, Math.max(notBeforeMs, refused?.untilMs ?? 0) - nowMs);
        if (after > 0) soonest = Math.min(soonest, after);
        else if (underWay.size < mostAtOnce) void write(target);
      }
      return soonest;
    },
  };
}

function sentence({ kind, namespace, name }: QosObject, error: unknown): string {
  return `the status of ${kind} ${namespace}/${name}: ${messageOf(error)}`;
}

/** As the API wants it. */
function wholeSeconds(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
