/** Writes statuses: only what differs, at the pace of pace.ts, and never over an object that has changed meanwhile. */
import { messageOf } from "../errors.ts";
import type { Connection } from "../kube/connect.ts";
import { ServerError } from "../kube/errors.ts";
import { ownedResource } from "../kube/owned.ts";
import { isOlder } from "../kube/version.ts";
import { applyStatus } from "../kube/write.ts";
import type { Log } from "../log.ts";
import { decodeHead } from "./decode.ts";
import { differenceOf, leftoverZones, statusBody, writtenIn, type Wanted } from "./object-status.ts";
import { waitOf } from "./pace.ts";
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

/** What is remembered of an object, by its UID. */
type Memory = {
  readonly version: string;
  /** What its status said. */
  readonly status: QosObject["written"];
  /** When that last changed, by whomever. */
  readonly writtenMs: number | undefined;
  /** Our own write made this version: until the watch brings it, what we know of the object is old. */
  readonly awaited: string;
  readonly foreign: readonly string[];
};

/** One controller, or two by mistake: the fields have one owner. */
export const MANAGER = "pod-qos-controller";

const mostAtOnce = 8;
const againMs = 1_000;
const longestMs = 30_000;

export function createWriter({ connection, log, signal, onDone }: Writing): Writer {
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
      if (before !== undefined)
        memories.set(uid, { ...before, awaited: made, foreign: leftoverZones(left, wanted) });
      failures = 0;
      said = "";
    } catch (error) {
      // Somebody changed it meanwhile, or it is gone: the watch says how it is now.
      if (error instanceof ServerError && (error.status === 409 || error.status === 404)) return;
      if (signal.aborted) return;
      const retryAfter = error instanceof ServerError ? (error.retryAfter ?? 0) : 0;
      notBeforeMs = Date.now() + Math.max(retryAfter, Math.min(longestMs, againMs * 2 ** failures));
      failures += 1;
      const text = `the status of ${kind} ${namespace}/${name}: ${messageOf(error)}`;
      if (text !== said) log("warn", text);
      said = text;
    } finally {
      underWay.delete(uid);
      onDone();
    }
  };

  return {
    write: (targets, { nowMs, nodes }) => {
      memories = new Map(
        targets.map(({ object }) => [object.uid, remembered(memories.get(object.uid), object, nowMs)]),
      );
      let soonest = Number.POSITIVE_INFINITY;
      for (const target of targets) {
        const { object, wanted } = target;
        const { writtenMs, awaited, foreign } =
          memories.get(object.uid) ?? remembered(undefined, object, nowMs);
        if (underWay.has(object.uid) || isOlder(object.version, awaited)) continue;
        const wait = waitOf(differenceOf(object.written, wanted, foreign), { writtenMs, nowMs, nodes });
        if (wait === undefined) continue;
        const after = Math.max(wait, notBeforeMs - nowMs);
        if (after > 0) soonest = Math.min(soonest, after);
        else if (underWay.size < mostAtOnce) void write(target);
      }
      return soonest;
    },
  };
}

function remembered(before: Memory | undefined, object: QosObject, nowMs: number): Memory {
  const { version, written: status } = object;
  if (before === undefined) return { version, status, writtenMs: undefined, awaited: "", foreign: [] };
  if (before.version === version) return before;
  const isWritten = JSON.stringify(before.status) !== JSON.stringify(status);
  return { ...before, version, status, writtenMs: isWritten ? nowMs : before.writtenMs };
}

/** As the API wants it. */
function wholeSeconds(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
